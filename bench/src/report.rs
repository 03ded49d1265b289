//! The figures, each beside what it is compared with.

use std::fmt;

use serde::Serialize;

use crate::machine::Machine;

/// Everything that one run measured.
#[derive(Debug, Serialize)]
pub struct Report {
    machine: Machine,
    figures: Vec<Figure>,
    notes: Vec<String>,
}

/// One measured figure.
#[derive(Debug, Serialize)]
struct Figure {
    name: &'static str,
    measured: f64,
    bound: f64,
    /// Whether the figure should be at least its bound, or at most.
    at_least: bool,
    unit: &'static str,
    met: bool,
}

impl Report {
    /// An empty report.
    pub fn new(machine: Machine) -> Self {
        Self { machine, figures: Vec::new(), notes: Vec::new() }
    }

    /// A figure that should be at least `bound`.
    pub fn at_least(&mut self, name: &'static str, measured: f64, bound: f64, unit: &'static str) {
        let met = measured >= bound;
        self.add(Figure { name, measured, bound, at_least: true, unit, met });
    }

    /// A figure that should be at most `bound`.
    pub fn at_most(&mut self, name: &'static str, measured: f64, bound: f64, unit: &'static str) {
        let met = measured <= bound;
        self.add(Figure { name, measured, bound, at_least: false, unit, met });
    }

    /// Something worth knowing that has no bound.
    pub fn note(&mut self, note: String) {
        eprintln!("  {note}");
        self.notes.push(note);
    }

    fn add(&mut self, figure: Figure) {
        eprintln!("  {figure}");
        self.figures.push(figure);
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = if self.at_least { "at least" } else { "at most" };
        let verdict = if self.met { "" } else { "  MISSED" };
        let (name, measured, unit) = (self.name, self.measured, self.unit);
        write!(f, "{name:<52} {measured:>9.1} {unit:<4} ({bound} {}){verdict}", self.bound)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.machine)?;
        for figure in &self.figures {
            writeln!(f, "{figure}")?;
        }
        writeln!(f)?;
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        Ok(())
    }
}
