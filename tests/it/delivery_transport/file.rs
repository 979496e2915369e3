//! `.eml` files: whole, repeatable, one a recipient.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use claimwatch::delivery::transport::{FileSettings, TransportSettings, connect};

use super::{LEAD, SUPPORT, assert_told, mail, send};

fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).expect("a directory");
    let file = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.expect("an entry");
        (entry.file_name().into_string().expect("a name in UTF-8"), fs::read(entry.path()).expect("a file"))
    };
    entries.map(file).collect()
}

#[tokio::test]
async fn each_recipient_gets_a_file_of_the_same_bytes_and_a_repeat_changes_nothing() {
    let world = tempfile::tempdir().expect("a temporary directory");
    let directory = world.path().join("not/yet/there");
    let transport = connect(&TransportSettings::File(FileSettings { directory: directory.clone() }));
    for to in [SUPPORT, LEAD, SUPPORT] {
        assert_told(&send(&*transport, to, &mail("late")).await, "accepted", &format!("--{to}.eml"));
    }
    let bytes = mail("late").bytes;
    let names = [LEAD, SUPPORT].map(|to| (format!("1.2@claims.example--{to}.eml"), bytes.clone()));
    assert_eq!(files(&directory), BTreeMap::from(names));
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_named() {
    let world = tempfile::tempdir().expect("a temporary directory");
    let file = world.path().join("a-file");
    fs::write(&file, "in the way").expect("a file");
    let transport = connect(&TransportSettings::File(FileSettings { directory: file.join("outbox") }));
    assert_told(&send(&*transport, SUPPORT, &mail("late")).await, "misconfigured", "a-file/outbox: ");
    assert_told(&transport.probe().await, "misconfigured", "a-file/outbox: ");
}

#[tokio::test]
async fn a_directory_can_be_tried_without_writing_a_mail() {
    let world = tempfile::tempdir().expect("a temporary directory");
    let transport = connect(&TransportSettings::File(FileSettings { directory: world.path().into() }));
    assert_told(&transport.probe().await, "accepted", "can be written");
    assert_eq!(files(world.path()), BTreeMap::new());
}

#[tokio::test]
async fn a_message_that_cannot_be_moved_into_place_leaves_nothing_behind() {
    let world = tempfile::tempdir().expect("a temporary directory");
    let in_the_way = world.path().join(format!("1.2@claims.example--{SUPPORT}.eml"));
    fs::create_dir_all(in_the_way.join("kept")).expect("a directory in the way");
    let transport = connect(&TransportSettings::File(FileSettings { directory: world.path().into() }));
    assert_told(&send(&*transport, SUPPORT, &mail("late")).await, "misconfigured", "");
    assert_eq!(fs::read_dir(world.path()).expect("a directory").count(), 1);
}
