# List what can be done.
default:
    @{{ just_executable() }} --list --unsorted

# All that a change must pass.
ci:
    .ci/run

# All tests, or those whose names contain WORDS.
test *WORDS:
    cargo test {{WORDS}}

# The whole path on sample claims, in ./claimwatch-demo.
demo *ARGS:
    cargo run --release -- demo {{ARGS}}

# The benchmarks: one deadline, and scans of a million claims; `CLAIMS=100000 just bench --bench scan` for fewer.
bench *ARGS:
    cargo bench {{ARGS}}

# The documents as a book, in target/book/html; needs mdbook.
book:
    tools/book/build

# The page in a real Chromium: every view and action, with axe, by keyboard, on paper.
browser:
    cargo build
    tests/browser/run

# The documents' pictures of the page.
pictures:
    cargo build
    tests/browser/run --pictures docs/pictures

# The service on a real systemd in a box of its own; as root.
systemd:
    cargo build
    sudo tests/systemd/run
