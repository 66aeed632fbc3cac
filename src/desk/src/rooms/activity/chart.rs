//! A picture of counts, day by day: bars of up to three parts, as the attributes of an SVG.

use crate::text;

/// How large the picture is, in its own units.
pub(super) const WIDTH: u64 = 960;
/// Its height.
pub(super) const HEIGHT: u64 = 264;
const LEFT: u64 = 88;
const RIGHT: u64 = 36;
const TOP: u64 = 24;
const BOTTOM: u64 = 40;

/// A part of a bar.
pub(super) struct Part {
    pub(super) x: u64,
    pub(super) y: u64,
    pub(super) width: u64,
    pub(super) height: u64,
    pub(super) class: &'static str,
}

/// A line across, with what it stands for.
pub(super) struct Line {
    pub(super) y: u64,
    pub(super) label: String,
}

/// A word below.
pub(super) struct Mark {
    pub(super) x: u64,
    pub(super) label: String,
}

/// The picture.
pub(super) struct Chart {
    pub(super) names: [&'static str; 3],
    pub(super) totals: [u64; 3],
    pub(super) parts: Vec<Part>,
    pub(super) lines: Vec<Line>,
    pub(super) marks: Vec<Mark>,
}

/// The classes of the parts, from below.
const CLASSES: [&str; 3] = ["a", "b", "c"];

/// The least round number that is not less.
fn round(most: u64) -> u64 {
    let mut unit = 1;
    loop {
        for step in [1, 2, 4, 5] {
            if step * unit >= most {
                return step * unit;
            }
        }
        unit *= 10;
    }
}

impl Chart {
    /// Of these days.
    pub(super) fn new(names: [&'static str; 3], rows: &[(String, [u64; 3])]) -> Self {
        let mut totals = [0; 3];
        for (_, counts) in rows {
            for (total, n) in totals.iter_mut().zip(counts) {
                *total += n;
            }
        }
        let most = rows.iter().map(|(_, c)| c.iter().sum::<u64>()).max().unwrap_or(0);
        let top = round(most.max(1));
        let (high, floor) = (HEIGHT - TOP - BOTTOM, HEIGHT - BOTTOM);
        let days = u64::try_from(rows.len()).unwrap_or(1).max(1);
        let step = (WIDTH - LEFT - RIGHT) / days;
        let gap = (step / 5).max(1);
        let every = days.div_ceil(8);
        let (mut parts, mut marks) = (Vec::new(), Vec::new());
        let mut x = LEFT;
        for (i, (day, counts)) in (0..).zip(rows) {
            let mut y = floor;
            for (n, class) in counts.iter().zip(CLASSES) {
                // What there is, is seen, however little it is.
                let height = if *n == 0 { 0 } else { (n * high / top).max(2) };
                y = y.saturating_sub(height);
                if height > 0 {
                    let width = step.saturating_sub(gap).max(2);
                    parts.push(Part { x: x + gap / 2, y, width, height, class });
                }
            }
            if (days - 1 - i).is_multiple_of(every) {
                let label = day.get(5..).unwrap_or(day).to_owned();
                marks.push(Mark { x: x + step / 2, label });
            }
            x += step;
        }
        let fractions: &[u64] = if top >= 4 && top.is_multiple_of(4) {
            &[0, 1, 2, 3, 4]
        } else if top.is_multiple_of(2) {
            &[0, 2, 4]
        } else {
            &[0, 4]
        };
        let lines = fractions
            .iter()
            .map(|f| Line { y: floor - high * f / 4, label: text::thousands(top * f / 4) });
        Self { names, totals, parts, lines: lines.collect(), marks }
    }
    /// Whether there is nothing in it.
    pub(super) fn empty(&self) -> bool {
        self.totals.iter().all(|n| *n == 0)
    }
    /// Its parts, with their class, name and sum.
    pub(super) fn legend(&self) -> Vec<(&'static str, &'static str, String)> {
        let sums = self.totals.iter().map(|n| text::thousands(*n));
        CLASSES.into_iter().zip(self.names).zip(sums).map(|((c, n), s)| (c, n, s)).collect()
    }
    /// In words.
    pub(super) fn says(&self) -> String {
        let each: Vec<String> =
            self.legend().into_iter().map(|(_, name, sum)| format!("{sum} {name}")).collect();
        each.join(", ")
    }
}
