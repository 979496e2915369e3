//! Templates of an operator's own: read with the configuration, tried on samples, and never in the way of anything.

use std::fs;
use std::path::Path;

use claimwatch::config::{Affects, Settings, load};

use super::environment;

/// The settings of a configuration beside a folder with these templates.
fn with(directory: &Path, templates: &[(&str, &[u8])]) -> Settings {
    let file = directory.join("claimwatch.toml");
    fs::write(&file, "[mail]\ntemplates = \"own\"\n").unwrap();
    for (name, source) in templates {
        let path = directory.join("own").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, source).unwrap();
    }
    load(Some(&file), &environment(&[])).unwrap()
}

#[test]
fn a_folder_of_right_templates_is_used() {
    let directory = tempfile::tempdir().unwrap();
    let templates: [(&str, &[u8]); 2] = [("digest/subject.txt.j2", b"{{ subject }}!\n"), ("README", b"not a template")];
    let settings = with(directory.path(), &templates);
    assert_eq!(settings.obstacles, []);
    assert_eq!(settings.mail.templates.own().collect::<Vec<_>>(), ["digest/subject.txt.j2"]);
}

#[test]
fn what_is_wrong_is_said_with_its_file_and_the_built_in_ones_are_used() {
    let long = vec![b'x'; 256 * 1024 + 1];
    let wrong: [(&str, &[u8], &str); 6] = [
        (
            "digest/body.text.j2",
            b"",
            "found a template of the name \"digest/body.text.j2\"; did you mean \"digest/body.txt.j2\"?",
        ),
        ("base.html.j2", b"\xff", "found a byte that is not UTF-8 at 0, expected text"),
        ("base.txt.j2", &long, "found more than 262144 bytes, expected a template"),
        ("digest/body.txt.j2", b"\n{{ subject", "own/digest/body.txt.j2:2: syntax error"),
        ("digest/body.html.j2", b"{{ rules[0].wat }}", "own/digest/body.html.j2:1: undefined value"),
        ("notes.txt", b"", "found no template, expected at least one of base.txt.j2, base.html.j2"),
    ];
    for (name, source, expected) in wrong {
        let directory = tempfile::tempdir().unwrap();
        let right: (&str, &[u8]) = ("digest/subject.txt.j2", b"{{ subject }}!\n");
        let templates = [(name, source), right];
        let settings = with(directory.path(), if name == "notes.txt" { &templates[..1] } else { &templates });
        assert_eq!(settings.mail.templates.own().count(), 0, "{name}");
        assert_eq!(
            settings.refusal(&[Affects::Deadlines, Affects::Store, Affects::Delivery, Affects::Http]),
            None,
            "{name}"
        );
        let said = settings.refusal(&[Affects::Looks]).expect(name);
        assert!(said.contains("claimwatch.toml:2:13: mail.templates: ") && said.contains(expected), "{name}: {said}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let said = with(directory.path(), &[]).refusal(&[Affects::Looks]).expect("no folder");
    assert!(said.contains("own cannot be read: No such file or directory"), "{said}");
}
