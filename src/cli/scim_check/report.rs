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
    /// Of these, those in which a directory's habit was not understood: the exchange is marked with its number.
    pub habits_failed: usize,
    /// Exchanges not held: the server says that it does not support what they need, or one before them failed to give
    /// it.
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
            habits_failed: 0,
            exchanges_skipped: 0,
            conversations: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, played: Played) {
        for e in &played.exchanges {
            match e.outcome {
                Outcome::Passed => self.exchanges_passed += 1,
                Outcome::Failed => {
                    self.exchanges_failed += 1;
                    self.habits_failed += usize::from(!e.rules.is_empty());
                }
                Outcome::Skipped => self.exchanges_skipped += 1,
            }
        }
        self.conversations.push(played);
    }

    /// Whether something was checked and all of it was as expected.
    pub fn passed(&self) -> bool {
        self.exchanges_failed == 0 && self.exchanges_passed > 0
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

    /// The sum, under the lines of the conversations.
    pub(super) fn print(&self) {
        println!(
            "\n{}: {} exchanges passed, {} failed ({} of them by a directory's habit that is not understood), {} skipped",
            self.base_url,
            self.exchanges_passed,
            self.exchanges_failed,
            self.habits_failed,
            self.exchanges_skipped
        );
    }
}

impl Played {
    fn count(&self, outcome: Outcome) -> usize {
        self.exchanges.iter().filter(|e| e.outcome == outcome).count()
    }

    /// Its line of the table, and what differed.
    pub(super) fn print(&self, verbose: bool) {
        let count = |o| self.count(o);
        let (good, bad, left) =
            (count(Outcome::Passed), count(Outcome::Failed), count(Outcome::Skipped));
        let mark = match (bad, good) {
            (0, 0) => "skip",
            (0, _) => "ok",
            _ => "FAIL",
        };
        println!(
            "{mark:<5} {:<24} {good:>3} passed {bad:>3} failed {left:>3} skipped {:>6} ms  {}",
            self.name, self.ms, self.title
        );
        if let Some(why) = &self.skipped {
            println!("        skipped: {why}");
        }
        let told = |e: &&Exchange| verbose || e.outcome == Outcome::Failed;
        for e in self.exchanges.iter().filter(told) {
            let word = match e.outcome {
                Outcome::Passed => "ok",
                Outcome::Failed => "failed",
                Outcome::Skipped => "skipped",
            };
            let habit = match e.rules.as_slice() {
                [] => String::new(),
                rules => format!(" [{}]", rules.join(", ")),
            };
            println!(
                "        {word}: {}{habit}\n            {} -> {}",
                e.name, e.request, e.status
            );
            for d in &e.differences {
                println!("            {d}");
            }
        }
        if left > 0 && !verbose {
            let mut why: Vec<&str> = Vec::new();
            let skipped = self.exchanges.iter().filter(|e| e.outcome == Outcome::Skipped);
            for d in skipped.flat_map(|e| &e.differences) {
                if !why.contains(&d.as_str()) {
                    why.push(d);
                }
            }
            println!("        {left} skipped: {}", why.join("; "));
        }
    }
}
