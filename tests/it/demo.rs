//! The demo proves what it says, and notices when it does not: with a step's effect left out, status 1.

use crate::{cli::muster, pure};
use std::{
    process::Output,
    sync::Mutex,
    time::{Duration, Instant},
};

fn demo(args: &[&str]) -> (Output, Duration) {
    let began = Instant::now();
    let out = muster().arg("demo").args(args).output().expect("the program runs");
    (out, began.elapsed())
}

fn text(out: &Output) -> String {
    let all = [out.stdout.as_slice(), out.stderr.as_slice()].concat();
    String::from_utf8(all).expect("text")
}

fn steps() -> Vec<String> {
    let (out, _) = demo(&["--steps"]);
    assert!(out.status.success());
    let lines = String::from_utf8(out.stdout).expect("text");
    let first = |l: &str| l.split_whitespace().next().expect("a name").to_owned();
    lines.lines().map(first).collect()
}

pure! {
    fn every_step_proves_what_it_says() {
        let (out, took) = demo(&["--exit"]);
        let said = text(&out);
        assert!(out.status.success(), "{said}");
        let all = steps().len();
        assert!(said.contains(&format!("{all} of {all} steps proved")), "{said}");
        assert!(took < Duration::from_secs(15), "it took {took:?}");
    }
}

pure! {
    fn a_step_left_out_is_noticed_by_its_own_proof() {
        let left = Mutex::new(steps());
        assert!(left.lock().unwrap().len() >= 8);
        std::thread::scope(|s| {
            for _ in 0..3 {
                s.spawn(|| {
                    loop {
                        let Some(step) = left.lock().unwrap().pop() else { return };
                        let (out, _) = demo(&["--exit", "--break", &step]);
                        let said = text(&out);
                        assert_eq!(out.status.code(), Some(1), "{step}: {said}");
                        let failed = said.lines().find(|l| l.ends_with("FAILED"));
                        let failed = failed.unwrap_or_else(|| panic!("{step}: {said}"));
                        assert!(failed.contains(&format!(" {step} ")), "{step}: {said}");
                        assert!(said.contains("left out"), "{step}: {said}");
                    }
                });
            }
        });
    }
}

pure! {
    fn an_unknown_step_is_refused_with_the_known_ones() {
        let (out, _) = demo(&["--exit", "--break", "nonsense"]);
        assert_eq!(out.status.code(), Some(1));
        let said = text(&out);
        assert!(said.contains("there is no step 'nonsense'") && said.contains("deactivate"), "{said}");
    }
}
