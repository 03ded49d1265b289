//! The demo shop: what `techtrove up` puts into an empty folder, so that there is something to visit. It
//! is loaded behind the shop's back after the start, through the shop's own API, and wholly or again: a
//! start finds out by `stage` what is still to be done. Where strangers can reach the shop, the
//! accounts of its staff are closed before the first of them may call.

mod accounts;
mod data;
mod loading;
mod past;
mod pictures;
mod stage;

pub use loading::LoadError;
pub(crate) use pictures::router as pictures;

use std::fs;
use std::io;
use std::path::PathBuf;

use techtrove_core::{Currency, IdGen, SharedIds};
use techtrove_runtime::{Shutdown, Worker};

use accounts::{PEOPLE, Person};
use loading::Loader;
use stage::Stage;

use crate::{
    cli::Up,
    control::{ControlError, Operator},
    folder::{self, DataFolder, FolderError, write_private},
};

/// The file with the accounts, in the data folder.
const ACCOUNTS: &str = "demo-accounts.txt";

/// The demo shop of a data folder.
#[derive(Clone, Debug)]
pub struct Demo {
    folder: PathBuf,
    stage: Stage,
    wanted: bool,
    on_loopback: bool,
}

/// What the demo shop has to know of the shop's money.
#[derive(Clone, Copy, Debug)]
pub struct MoneyTerms {
    /// The shop's currency.
    pub currency: Currency,
    /// Whether orders are paid in the sandbox, where no money moves.
    pub in_sandbox: bool,
}

impl Demo {
    /// The demo shop that the folder has, or is to get since it is empty. To be asked before the shop's
    /// databases are made.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn of(
        folder: &DataFolder,
        options: &Up,
        ids: &dyn IdGen,
    ) -> Result<Option<Self>, FolderError> {
        let on_loopback = options.listen.ip().is_loopback();
        let path = folder.path().to_owned();
        let demo =
            |stage| Self { folder: path.clone(), stage, wanted: !options.no_demo, on_loopback };
        if let Some(stage) = Stage::read(&path)? {
            return Ok(Some(demo(stage)));
        }
        if folder::holds_a_shop(&path) {
            if options.demo {
                tracing::warn!(
                    "there is a shop in the data folder: no demo shop is loaded into it"
                );
            }
            return Ok(None);
        }
        if options.no_demo || !(options.demo || on_loopback) {
            return Ok(None);
        }
        let new = demo(Stage::Loading);
        new.accounts(ids)?;
        new.stage.write(&path)?;
        Ok(Some(new))
    }

    /// Closes the accounts of its staff where strangers can reach the shop, and opens them where nobody
    /// else can. To be done before anybody can call.
    ///
    /// # Errors
    /// When the shop refuses or the folder cannot be written.
    pub async fn guard(&self, operator: &Operator) -> Result<(), LoadError> {
        let (before, now) = (self.stage, Stage::loaded(self.on_loopback));
        if before == now || (before == Stage::Loading && self.on_loopback) {
            return Ok(());
        }
        // What is remembered is never more closed than what is so.
        if now == Stage::Open {
            now.write(&self.folder)?;
        }
        self.set_access_of_staff(operator).await?;
        if before == Stage::Open {
            now.write(&self.folder)?;
        }
        Ok(())
    }

    async fn set_access_of_staff(&self, operator: &Operator) -> Result<(), ControlError> {
        for person in PEOPLE.iter().filter(|person| person.is_staff()) {
            loading::set_access(operator, person, self.lets_in(person)).await?;
        }
        Ok(())
    }

    /// What loads it, if that is still to be done.
    #[must_use]
    pub fn loader(self, operator: Operator, money: MoneyTerms, ids: SharedIds) -> Option<Worker> {
        if !self.wanted || self.stage != Stage::Loading {
            return None;
        }
        let MoneyTerms { currency, in_sandbox } = money;
        let loader = Loader { demo: self, operator, currency, in_sandbox, ids };
        Some(Worker::new("demo", move |shutdown: Shutdown| {
            let loader = loader.clone();
            async move { loader.load(&shutdown).await }
        }))
    }

    /// Where its accounts stand.
    #[must_use]
    pub fn accounts_file(&self) -> PathBuf {
        self.folder.join(ACCOUNTS)
    }

    /// The accounts file's text; made where there is none.
    fn accounts(&self, ids: &dyn IdGen) -> Result<String, FolderError> {
        let path = self.accounts_file();
        let read = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = accounts::written(ids);
                write_private(&path, &text).map(|()| text)
            }
            read => read,
        };
        read.map_err(|cause| FolderError::Unusable { path, cause })
    }

    /// Whether the person may come in here.
    fn lets_in(&self, person: &Person) -> bool {
        self.on_loopback || !person.is_staff()
    }

    /// Remembers that all of it is loaded.
    fn finish(&self) -> Result<(), FolderError> {
        Stage::loaded(self.on_loopback).write(&self.folder)
    }
}
