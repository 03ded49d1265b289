//! What a command works with: the shop that runs on the data folder, or, when nobody runs, one started
//! here without a listener for as long as the command takes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use techtrove_core::{SharedClock, SharedIds, SystemClock, SystemIds};
use techtrove_identity_api::SigningKey;
use techtrove_runtime::{Lifecycle, Shutdown};
use tokio::task::JoinHandle;

use crate::{
    control::Operator,
    error::ProgramError,
    folder::{self, DataFolder, FolderError, Secrets},
    settings::Settings,
    shop::{Shop, StartError, Wiring},
};

/// How long the shop may finish what it began.
const DRAIN: Duration = Duration::from_secs(10);

/// A shop that was started here.
struct Own {
    shutdown: Shutdown,
    running: JoinHandle<()>,
    _folder: DataFolder,
}

/// A shop at hand, called as its owner.
pub struct Session {
    operator: Operator,
    own: Option<Own>,
}

impl Session {
    /// Finds the shop that runs on the folder, or starts the one that is in it.
    ///
    /// # Errors
    /// When there is none, the folder cannot be used, or the shop cannot be started.
    pub async fn open(path: &Path) -> Result<Self, ProgramError> {
        if !folder::holds_a_shop(path) {
            return Err(FolderError::NoShop { path: path.to_owned() }.into());
        }
        let clock: SharedClock = Arc::new(SystemClock);
        let ids: SharedIds =
            Arc::new(SystemIds::new(Arc::clone(&clock)).map_err(StartError::entropy)?);
        match DataFolder::open(path) {
            Ok(folder) => Self::start(folder, clock, ids).await,
            Err(FolderError::InUse { .. }) => {
                let secrets = Secrets::of_running(path)?;
                let key =
                    SigningKey::from_seed(&secrets.signing_key).map_err(StartError::signing_key)?;
                Ok(Self { operator: Operator::of_running(path, &key, &clock)?, own: None })
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn start(
        folder: DataFolder,
        clock: SharedClock,
        ids: SharedIds,
    ) -> Result<Self, ProgramError> {
        let secrets = folder.secrets(&*ids)?;
        let key = SigningKey::from_seed(&secrets.signing_key).map_err(StartError::signing_key)?;
        let settings = Settings::from_environment()?;
        let wiring = Wiring::embedded(&folder, secrets, settings, Arc::clone(&clock), ids);
        let shop = Shop::build(wiring).await?;
        folder.remember()?;
        let operator = Operator::of_local(shop.operator.clone(), &key, &clock)?;
        let (shutdown, mut lifecycle) = (Shutdown::new(), Lifecycle::new(DRAIN));
        shop.join(&mut lifecycle);
        let running = tokio::spawn(lifecycle.run(shutdown.clone()));
        Ok(Self { operator, own: Some(Own { shutdown, running, _folder: folder }) })
    }

    /// Calls the shop.
    #[must_use]
    pub fn operator(&self) -> &Operator {
        &self.operator
    }

    /// Whether nobody else runs the shop.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Stops the shop if it was started here.
    pub async fn close(self) {
        let Some(own) = self.own else { return };
        own.shutdown.begin();
        if let Err(error) = own.running.await {
            tracing::error!(%error, "the shop did not end cleanly");
        }
    }
}
