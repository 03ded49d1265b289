//! Bugs that are planted to see the simulation find them, each in one line where it would be made. Only
//! the simulation's build can choose one (feature `plant`); in every other [`planted`] is `false` when it
//! is compiled, so that nothing of them is in the program.

#[cfg(feature = "plant")]
mod chosen {
    use std::cell::Cell;

    thread_local! {
        static CHOSEN: Cell<&'static str> = const { Cell::new("") };
    }

    /// Plants the bug of this name in this thread, in place of the one before; none, for the empty name.
    pub fn plant(name: &'static str) {
        CHOSEN.set(name);
    }

    /// Whether the bug of this name is planted here.
    #[must_use]
    pub fn planted(name: &str) -> bool {
        CHOSEN.get() == name
    }
}

#[cfg(feature = "plant")]
pub use chosen::{plant, planted};

/// Whether the bug of this name is planted here: never in this build.
#[cfg(not(feature = "plant"))]
#[inline]
#[must_use]
pub const fn planted(_: &str) -> bool {
    false
}
