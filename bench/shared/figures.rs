//! One line per figure: `figure NAME VALUE UNIT target TARGET ok|short`.

/// The figures of a run.
#[derive(Default)]
pub struct Figures {
    all: u32,
    short: u32,
}

impl Figures {
    fn line(&mut self, name: &str, value: f64, unit: &str, target: &str, ok: bool) {
        self.all += 1;
        self.short += u32::from(!ok);
        let digits = if value.abs() < 10.0 { 3 } else { 1 };
        let verdict = if ok { "ok" } else { "short" };
        println!("figure {name} {value:.digits$} {unit} target {target} {verdict}");
    }
    /// A figure that should be at least `target`.
    pub fn at_least(&mut self, name: &str, value: f64, unit: &str, target: f64) {
        self.line(name, value, unit, &format!(">={target}"), value >= target);
    }
    /// A figure that should stay under `target`.
    pub fn under(&mut self, name: &str, value: f64, unit: &str, target: f64) {
        self.line(name, value, unit, &format!("<{target}"), value < target);
    }
    /// A figure without a target.
    pub fn seen(&mut self, name: &str, value: f64, unit: &str) {
        self.line(name, value, unit, "none", true);
    }
    /// The last line; whether nothing fell short.
    pub fn done(&self) -> bool {
        println!("{} figures, {} short", self.all, self.short);
        self.short == 0
    }
}

/// The middle of some measurements.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The value below which `share` of the measurements are.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1) as f64;
    values.get((last * share).round() as usize).copied().unwrap_or(f64::NAN)
}
