//! `techtrove up`: the whole shop in one process, until Ctrl-C.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use techtrove_core::{IdGen, SharedClock, SharedIds, SystemClock, SystemIds};
use techtrove_db::Db;
use techtrove_identity_api::SigningKey;
use techtrove_notifications::PublicUrl;
use techtrove_runtime::{
    Lifecycle, Shutdown, Worker, give_memory_back, look_through, metrics, telemetry,
};
use tokio::net::{TcpListener, UnixListener};
use tokio::time::Instant;

use crate::terminal::say;
use crate::{
    cli::Up,
    control::{self, Operator, SocketFolder},
    demo::{Demo, MoneyTerms},
    error::ProgramError,
    folder::DataFolder,
    settings::{PaymentProvider, Settings},
    shop::{Shop, StartError, Wiring},
};

/// How long requests may go on after Ctrl-C.
const DRAIN: Duration = Duration::from_secs(20);

/// Where operations answer unless told otherwise, and how many ports after it are tried.
const OPERATIONS: (u16, u16) = (9_090, 100);

/// The sockets of a shop, taken before anything else is touched.
struct Sockets {
    public: TcpListener,
    operations: TcpListener,
    control: UnixListener,
    control_folder: SocketFolder,
}

/// What there is to be said of a shop besides where it listens.
struct About<'a> {
    folder: &'a DataFolder,
    began: Instant,
    mailbox: bool,
    demo: Option<&'a Demo>,
}

/// Starts the shop and serves it until it is told to stop.
///
/// # Errors
/// When a setting, the folder, a database or an address cannot be used.
pub async fn up(options: Up) -> Result<(), ProgramError> {
    let began = Instant::now();
    let mut settings = Settings::from_environment()?;
    let _log = telemetry::init(settings.log.as_deref(), telemetry::Format::Auto)
        .map_err(ProgramError::telemetry)?;
    Settings::doubts().iter().for_each(|doubt| tracing::warn!("{doubt}"));
    metrics::install().map_err(ProgramError::telemetry)?;
    settings.allow_on(options.listen)?;
    let clock: SharedClock = Arc::new(SystemClock);
    let ids: SharedIds = Arc::new(SystemIds::new(Arc::clone(&clock)).map_err(StartError::entropy)?);
    let folder = DataFolder::open(&options.folder.data)?;
    let sockets = Sockets::open(&options, &folder, &*ids).await?;
    let demo = Demo::of(&folder, &options, &*ids)?;
    settings.public_url.get_or_insert(sockets.public_url().map_err(ProgramError::System)?);
    let secrets = folder.secrets(&*ids)?;
    let key = SigningKey::from_seed(&secrets.signing_key).map_err(StartError::signing_key)?;
    let money = MoneyTerms {
        currency: settings.currency,
        in_sandbox: settings.payment_provider == PaymentProvider::Sandbox,
    };
    let demo_ids = Arc::clone(&ids);
    let mut wiring = Wiring::embedded(&folder, secrets, settings, Arc::clone(&clock), ids);
    wiring.on_loopback = options.listen.ip().is_loopback();
    let mailbox = wiring.on_loopback && wiring.settings.smtp.is_none();
    let shop = Shop::build(wiring).await?;
    folder.remember()?;
    let operator = Operator::of_local(shop.operator.clone(), &key, &clock)?;
    if let Some(demo) = &demo {
        demo.guard(&operator).await?;
    }
    let shutdown = Shutdown::on_signals().map_err(ProgramError::System)?;
    let about = About { folder: &folder, began, mailbox, demo: demo.as_ref() };
    say(sockets.summary(&about).map_err(ProgramError::System)?);
    let loader = demo.and_then(|demo| demo.loader(operator, money, demo_ids));
    let databases = shop.databases();
    serve(shop, sockets, loader, shutdown).await;
    let damage = |db: &Db| Some((db.name().to_owned(), db.damage()?.to_owned()));
    match databases.iter().find_map(damage) {
        Some((db, reason)) => Err(ProgramError::Damaged { db, reason }),
        None => Ok(()),
    }
}

async fn serve(shop: Shop, sockets: Sockets, loader: Option<Worker>, shutdown: Shutdown) {
    let mut lifecycle = Lifecycle::new(DRAIN);
    lifecycle.listen("public", sockets.public, shop.public.clone());
    lifecycle.listen("operations", sockets.operations, shop.operations.clone());
    lifecycle.listen("control", sockets.control, shop.operator.clone());
    lifecycle.work([metrics::upkeep(), give_memory_back()]);
    lifecycle.work(loader);
    lifecycle.work([look_through(shop.databases(), shutdown.clone())]);
    shop.join(&mut lifecycle);
    lifecycle.run(shutdown).await;
    drop(sockets.control_folder);
}

impl Sockets {
    /// Where the shop is found when nothing else is said.
    fn public_url(&self) -> io::Result<PublicUrl> {
        Ok(PublicUrl::of(self.public.local_addr()?))
    }

    async fn open(
        options: &Up,
        folder: &DataFolder,
        ids: &dyn IdGen,
    ) -> Result<Self, ProgramError> {
        let public = bind(options.listen, "--listen").await?;
        let operations = match options.ops_listen {
            Some(address) => bind(address, "--ops-listen").await?,
            None => bind_next_free().await?,
        };
        let (control, control_folder) =
            control::listen(folder.path(), ids).map_err(ProgramError::ControlSocket)?;
        Ok(Self { public, operations, control, control_folder })
    }

    /// What a person who has just started the shop wants to know.
    fn summary(&self, about: &About<'_>) -> io::Result<String> {
        let (shop, operations) = (self.public.local_addr()?, self.operations.local_addr()?);
        let mut lines = vec![
            format!(
                "TechTrove {} is ready after {} ms",
                env!("CARGO_PKG_VERSION"),
                about.began.elapsed().as_millis()
            ),
            format!("  shop        http://{shop}/api/v1"),
            format!("  reference   http://{shop}/docs/"),
        ];
        if about.mailbox {
            lines.push(format!("  mailbox     http://{shop}/dev/mail"));
        }
        lines.push(format!("  operations  http://{operations}/metrics"));
        lines.push(format!("  data        {}", about.folder.path().display()));
        if let Some(accounts) = about.demo.map(Demo::accounts_file).filter(|file| file.exists()) {
            lines.push(format!("  demo        accounts in {}", accounts.display()));
        }
        lines.push("  stop        Ctrl-C".to_owned());
        Ok(lines.join("\n"))
    }
}

async fn bind(address: SocketAddr, option: &'static str) -> Result<TcpListener, ProgramError> {
    TcpListener::bind(address).await.map_err(|cause| ProgramError::Listen {
        address,
        cause,
        option,
    })
}

/// The first free port for operations; two shops on one machine need not agree on it.
async fn bind_next_free() -> Result<TcpListener, ProgramError> {
    let (first, count) = OPERATIONS;
    let mut refusal = None;
    for port in first..first + count {
        match bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), "--ops-listen").await {
            Ok(listener) => return Ok(listener),
            Err(error) => refusal = Some(error),
        }
    }
    Err(refusal.expect("at least one port was tried"))
}
