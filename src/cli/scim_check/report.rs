//! What a run found, for people and for programs.

use serde::Serialize;

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The server.
    pub base_url: String,
    /// Exchanges answered as expected.
    pub exchanges_passed: usize,
    /// Exchanges that were not.
    pub exchanges_failed: usize,
    /// Exchanges not held, because one before them failed to give what they need.
    pub exchanges_skipped: usize,
    /// Each conversation.
    pub conversations: Vec<Played>,
}

/// One conversation.
#[derive(Debug, Clone, Serialize)]
pub struct Played {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Why it was not held at all, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// Milliseconds it took.
    pub ms: u128,
    /// Its exchanges.
    pub exchanges: Vec<Exchange>,
}

/// One exchange.
#[derive(Debug, Clone, Serialize)]
pub struct Exchange {
    /// The step's name.
    pub name: String,
    /// Method and target as sent.
    pub request: String,
    /// Status of the answer, 0 if there was none.
    pub status: u16,
    /// Milliseconds to the end of the answer.
    pub ms: u128,
    /// How it went.
    pub outcome: Outcome,
    /// The rules it needs, by number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// What differed, or why it was skipped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
}

/// How an exchange went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As expected.
    Passed,
    /// Not as expected.
    Failed,
    /// Not held.
    Skipped,
}

impl Report {
    pub(super) fn new(base_url: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            exchanges_passed: 0,
            exchanges_failed: 0,
            exchanges_skipped: 0,
            conversations: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, played: Played) {
        for e in &played.exchanges {
            match e.outcome {
                Outcome::Passed => self.exchanges_passed += 1,
                Outcome::Failed => self.exchanges_failed += 1,
                Outcome::Skipped => self.exchanges_skipped += 1,
            }
        }
        self.conversations.push(played);
    }

    /// Whether something was checked and all of it was as expected.
    pub fn passed(&self) -> bool {
        self.exchanges_failed == 0 && self.exchanges_skipped == 0 && self.exchanges_passed > 0
    }

    /// Every difference on a line of its own.
    pub fn differences(&self) -> Vec<String> {
        let each = self.conversations.iter().flat_map(|c| {
            c.exchanges.iter().filter(|e| e.outcome == Outcome::Failed).flat_map(move |e| {
                let place = format!("{}: {} ({}, {})", c.name, e.name, e.request, e.status);
                e.differences.iter().map(move |d| format!("{place}: {d}"))
            })
        });
        each.collect()
    }

    /// The table.
    pub(super) fn print(&self, verbose: bool) {
        println!("scim-check of {}\n", self.base_url);
        for c in &self.conversations {
            let bad = c.exchanges.iter().any(|e| e.outcome != Outcome::Passed);
            let mark = if c.skipped.is_some() {
                "skip"
            } else if bad {
                "FAIL"
            } else {
                "ok"
            };
            println!(
                "{mark:<5} {:<24} {:>3} exchanges {:>6} ms  {}",
                c.name,
                c.exchanges.len(),
                c.ms,
                c.title
            );
            if let Some(why) = &c.skipped {
                println!("        {why}");
            }
            let told = |e: &&Exchange| verbose || e.outcome == Outcome::Failed;
            for e in c.exchanges.iter().filter(told) {
                let word = match e.outcome {
                    Outcome::Passed => "ok",
                    Outcome::Failed => "failed",
                    Outcome::Skipped => "skipped",
                };
                println!("        {word}: {}\n            {} -> {}", e.name, e.request, e.status);
                for d in &e.differences {
                    println!("            {d}");
                }
            }
            let skipped = c.exchanges.iter().filter(|e| e.outcome == Outcome::Skipped).count();
            if skipped > 0 {
                println!(
                    "        {skipped} exchanges skipped, which need what the failed ones give"
                );
            }
        }
        println!(
            "\n{} exchanges passed, {} failed, {} skipped",
            self.exchanges_passed, self.exchanges_failed, self.exchanges_skipped
        );
    }
}
