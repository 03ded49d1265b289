//! What is asked of the simulation from outside.

mod sagas;
mod seeds;
