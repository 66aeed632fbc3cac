//! The setup link of an instance that has no administrator yet: printed at the start, used once, over after a day.
