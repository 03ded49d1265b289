//! TechTrove as one program: chooses the services, wires them, and gives their owner a command line. It
//! must never hold a rule of the shop. Start with [`shop::Shop`], then `commands/`.

pub mod audit;
pub mod backup;
pub mod cli;
pub mod commands;
pub mod control;
pub mod demo;
pub mod error;
pub mod folder;
mod origin;
pub mod session;
pub mod settings;
pub mod shop;
pub mod stripe;
mod terminal;
mod wire;
