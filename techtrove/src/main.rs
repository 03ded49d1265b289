//! The program `techtrove`: reads the command line, runs the command, and says in one sentence why it
//! failed. Everything else is in the library, where tests can reach it.

use std::{io::Write as _, process::ExitCode};

use clap::Parser as _;
use techtrove::{
    cli::{Admin, Cli, Command},
    commands,
    error::ProgramError,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    techtrove_runtime::settle_in();
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Whoever has stopped reading is told nothing.
            let _ = writeln!(std::io::stderr(), "techtrove: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), ProgramError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(ProgramError::System)?;
    runtime.block_on(async {
        match cli.command.unwrap_or(Command::Up(cli.up)) {
            Command::Up(options) => commands::up(options).await,
            Command::Admin(Admin::Create(options)) => commands::create_admin(options).await,
            Command::Import(options) => commands::import(options).await,
            Command::Export(options) => commands::export(options).await,
            Command::Audit(options) => commands::audit(options).await,
            Command::Backup(options) => commands::backup(options).await,
            Command::Restore(options) => commands::restore(options).await,
            Command::Openapi => {
                commands::print_openapi();
                Ok(())
            }
        }
    })
}
