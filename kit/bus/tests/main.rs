//! What is asked of the bus from outside.

mod common;
mod inbox;
mod interleavings;
mod parking;
mod recording;
mod relaying;
