//! What the fuzzer found worth keeping, replayed: each saved case through the function that the fuzzer drives.

#[path = "../../fuzz/src/targets.rs"]
mod targets;

#[path = "../../fuzz/src/scim.rs"]
mod scim;

use crate::pure;
use std::path::Path;

type Target = fn(&[u8]);

const TARGETS: &[(&str, Target)] = &[
    ("filter", scim::filter),
    ("path", scim::path),
    ("patch", scim::patch_body),
    ("body", scim::body),
    ("jwt", targets::jwt),
    ("form", targets::form),
    ("json", targets::json_body),
];

/// The saved cases of a target, by name.
fn cases(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut out: Vec<_> = entries
        .map(|e| {
            let path = e.unwrap().path();
            (path.display().to_string(), std::fs::read(&path).unwrap())
        })
        .collect();
    out.sort();
    out
}

pure!(
    fn every_saved_case_holds() {
        for (name, target) in TARGETS {
            let cases = cases(name);
            assert!(cases.len() >= 20, "{name}: only {} cases", cases.len());
            for (file, data) in cases {
                std::panic::catch_unwind(|| target(&data)).unwrap_or_else(|_| panic!("{file}"));
            }
        }
    }
);

pure!(
    fn every_target_is_replayed_and_built() {
        let manifest = include_str!("../../fuzz/Cargo.toml");
        let built = manifest.matches("[[bin]]").count();
        assert_eq!(built, TARGETS.len());
        for (name, _) in TARGETS {
            assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
        }
    }
);

pure!(
    /// The cases would catch something: what they assert fails where it must.
    fn the_token_of_the_cases_is_taken() {
        use muster::crypto::jwt::{self, Alg, Jwk};
        let key: Jwk = serde_json::from_str(include_str!("../../fuzz/corpus/key.json")).unwrap();
        let token = include_str!("../../fuzz/corpus/token.jwt").trim();
        assert!(jwt::verify(token, &[key], &[Alg::ES256]).is_ok());
    }
);
