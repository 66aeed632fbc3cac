# The daily verbs. `just` lists them.

_default:
    @just --list --unsorted

# Play the main job against a running server, then leave it up to look around
demo *args:
    cargo run --release -- demo {{args}}

# Serve from ./data on port 8080
run *args:
    cargo run -- serve --data-dir data --listen 127.0.0.1:8080 --public-url http://127.0.0.1:8080 {{args}}

# All tests on SQLite; on PostgreSQL as well when MUSTER_TEST_POSTGRES holds a URL
test *args:
    cargo test {{args}}

# All tests on both databases, with a PostgreSQL of their own
test-both *args:
    MUSTER_TEST_POSTGRES=$(tests/postgres.sh start) cargo test {{args}}

# Format, lints and types: what to run before a commit
check:
    cargo fmt --all --check
    cargo clippy --all-targets -- -D warnings

# Real peers: an OpenID provider, a SCIM tester, strace
interop *names:
    interop/run {{names}}

# Figures beside their targets: just bench main
bench name="main" *args:
    bench/run {{name}} {{args}}

# Everything that the gate runs
gate:
    .ci/run

# Fuzz an entry that takes what strangers send: just fuzz filter 60 (all of them without a name)
fuzz target="" seconds="60":
    fuzz/run "{{target}}" "{{seconds}}"
