//! What the console says on its own, and the server knows better.

use super::sources;
use crate::pure;
use muster::signins::{Outcome, Reason};

pure!(
    fn the_console_knows_which_attempts_were_not_finished() {
        let all = sources("src/desk/src/rooms/signins");
        let s = all.iter().find(|s| s.file() == "reasons.rs").expect("the console's reasons");
        let (_, rest) = s.text.split_once("UNFINISHED: &[&str] = &[").expect("its list");
        let list = rest.split_once("];").expect("its end").0;
        for r in Reason::ALL {
            let there = list.contains(&format!("\"{}\"", r.code()));
            assert_eq!(there, r.outcome() == Outcome::Failed, "{}", r.code());
            assert!(s.text.contains(&format!("(\"{}\", ", r.code())), "no words for {}", r.code());
        }
    }
);
