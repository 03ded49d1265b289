//! A host: a service's process with a disk that outlives it. It lives, goes down at any moment and
//! lives again. Whatever a life still does once it is over reaches nobody: its disk takes nothing more,
//! its messages are never sent, and its answers never leave.

use std::{
    fmt,
    future::pending,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{Router, body::Body};
use bytes::Bytes;
use http::{Request, Response};
use techtrove_bus::Subscription;
use techtrove_db::{Db, Device, Disk};
use tokio::task::{AbortHandle, JoinHandle};
use tower::ServiceExt as _;

use crate::{
    checker::{self, Watch},
    clock::HostClock,
    weather::SLOW_DISK,
    wiring,
    world::World,
};

/// The largest answer.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// A consumer of events, as others know it.
#[derive(Clone, Copy, Debug)]
pub struct Consumer {
    /// Its name.
    pub name: &'static str,
    /// What it listens to.
    pub aggregate_kinds: &'static [&'static str],
}

/// Which of a host's routers is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// What the world calls.
    Public,
    /// What other services call.
    Internal,
}

/// A host.
pub struct Host {
    /// Its name, and its service's.
    pub name: &'static str,
    /// Its disk.
    pub disk: Disk,
    /// Its database, for whoever looks at it from outside.
    pub look: Db,
    /// Its clock.
    pub clock: Arc<HostClock>,
    /// What is watched of its database after each commit.
    watch: Mutex<Watch>,
    /// The consumers that its first life had; every life has the same.
    consumers: OnceLock<Vec<Consumer>>,
    lives: AtomicU64,
    life: Mutex<Option<Arc<Life>>>,
}

/// A host from its start to its crash.
pub struct Life {
    /// Whose.
    pub host: &'static str,
    /// Its number, from 1.
    pub number: u64,
    up: AtomicBool,
    /// While it is up: they hold what holds them.
    faces: Mutex<Option<Arc<Faces>>>,
    tasks: Mutex<Vec<AbortHandle>>,
}

/// What a process of a life shows to others.
#[derive(Clone)]
pub struct Face {
    /// The public router.
    pub public: Router,
    /// The internal router.
    pub internal: Router,
    /// The events it listens to.
    pub subscriptions: Vec<Subscription>,
}

/// What a life shows to others: the faces of its processes, which are asked in turn.
pub struct Faces {
    faces: Vec<Face>,
    turn: AtomicUsize,
}

impl Faces {
    /// These, of which there is one at least.
    #[must_use]
    pub fn new(faces: Vec<Face>) -> Self {
        Self { faces, turn: AtomicUsize::new(0) }
    }

    /// That of the process whose turn it is.
    #[must_use]
    pub fn next(&self) -> &Face {
        &self.faces[self.turn.fetch_add(1, Relaxed) % self.faces.len()]
    }
}

impl Host {
    /// A host that has never lived.
    #[must_use]
    pub fn new(name: &'static str, disk: Disk, look: Db, clock: Arc<HostClock>) -> Self {
        let (watch, consumers) = (Mutex::default(), OnceLock::new());
        let (lives, life) = (AtomicU64::new(0), Mutex::default());
        Self { name, disk, look, clock, watch, consumers, lives, life }
    }

    /// The consumers of events that live here; unknown before its first life.
    #[must_use]
    pub fn consumers(&self) -> Option<&[Consumer]> {
        self.consumers.get().map(Vec::as_slice)
    }

    /// Its life, while it is up.
    #[must_use]
    pub fn life(&self) -> Option<Arc<Life>> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_life(&self, life: Option<Arc<Life>>) -> Option<Arc<Life>> {
        std::mem::replace(&mut *self.life.lock().unwrap_or_else(PoisonError::into_inner), life)
    }

    /// Starts it.
    ///
    /// # Errors
    /// When its service cannot be built.
    pub async fn start(self: &Arc<Self>, world: &Arc<World>) -> anyhow::Result<()> {
        let life = Arc::new(Life {
            host: self.name,
            number: self.lives.fetch_add(1, Relaxed) + 1,
            up: AtomicBool::new(true),
            faces: Mutex::default(),
            tasks: Mutex::default(),
        });
        world.tell(&format!("+ {} starts, life {}", self.name, life.number));
        let faces = wiring::build(world, self, &life).await?;
        self.consumers.get_or_init(|| {
            let listed = |known: &Subscription| Consumer {
                name: known.consumer,
                aggregate_kinds: known.aggregate_kinds,
            };
            faces.next().subscriptions.iter().map(listed).collect()
        });
        life.show(Some(faces));
        self.set_life(Some(life));
        Ok(())
    }

    /// Ends its life for good.
    pub fn end(&self) {
        if let Some(life) = self.set_life(None) {
            life.end();
        }
    }

    /// Ends its life where it stands, and begins another after `pause`, whose clock is off.
    pub fn crash(self: &Arc<Self>, world: &Arc<World>, pause: Duration) {
        self.restart(world, pause, |host, world| {
            let skew = i64::try_from(world.pick(0, 4_000_000)).unwrap_or(0) - 2_000_000;
            world.fault("clock skew", &format!("{} by {skew} µs", host.name));
            host.clock.set_skew(skew);
        });
    }

    /// Ends its life where it stands, and begins another after `pause`, behind what is done `before`.
    fn restart(
        self: &Arc<Self>,
        world: &Arc<World>,
        pause: Duration,
        before: impl FnOnce(&Self, &World) + Send + 'static,
    ) {
        let Some(life) = self.set_life(None) else { return };
        life.end();
        let (host, world) = (Arc::clone(self), Arc::clone(world));
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            before(&host, &world);
            if let Err(error) = host.start(&world).await {
                world.violated("a host starts again", format!("{}: {error:#}", host.name));
            }
            world.heals();
        });
    }
}

impl Life {
    /// Whether it goes on.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.up.load(Relaxed)
    }

    fn end(&self) {
        self.up.store(false, Relaxed);
        self.show(None);
        for task in self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
    }

    /// Lets `work` run as long as it lives.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        let task = tokio::spawn(work);
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|task| !task.is_finished());
        tasks.push(task.abort_handle());
        task
    }

    fn show(&self, faces: Option<Faces>) {
        *self.faces.lock().unwrap_or_else(PoisonError::into_inner) = faces.map(Arc::new);
    }

    /// What it shows to others, while it is up.
    #[must_use]
    pub fn faces(&self) -> Option<Arc<Faces>> {
        self.faces.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Answers a request at one of its doors.
    pub fn answer(
        &self,
        door: Door,
        request: Request<Bytes>,
    ) -> impl Future<Output = Response<Bytes>> + Send + use<> {
        let router = self.faces().map(|faces| match door {
            Door::Public => faces.next().public.clone(),
            Door::Internal => faces.next().internal.clone(),
        });
        async move {
            let Some(router) = router else { return pending().await };
            let response = match router.oneshot(request.map(Body::from)).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let (parts, body) = response.into_parts();
            let body = axum::body::to_bytes(body, MAX_BODY).await.unwrap_or_default();
            Response::from_parts(parts, body)
        }
    }
}

/// A disk in a life of a host.
#[derive(Debug)]
pub struct HostDevice {
    /// The world.
    pub world: Arc<World>,
    /// The host.
    pub host: Arc<Host>,
    /// Its life.
    pub life: Arc<Life>,
}

impl HostDevice {
    fn may_crash(&self, kind: &'static str, jobs: &[&'static str]) {
        let rate = self.world.with_weather(|weather| weather.commits);
        if self.life.is_up() && self.world.chance(rate) {
            self.world.fault(kind, &format!("{} {}", self.host.name, jobs.join(", ")));
            self.host.crash(&self.world, self.world.time(50, 2_500));
        }
    }

    /// Has the host go down as it is addressed to, with a right clock afterwards.
    fn go_down(&self) {
        self.host.restart(&self.world, self.world.time(50, 2_500), |_, _| {});
    }

    /// How much was ever written on it.
    fn changes(&self) -> i64 {
        checker::changes(&self.host.look)
    }
}

impl Device for HostDevice {
    fn is_up(&self) -> bool {
        self.life.is_up()
    }

    fn sync_time(&self) -> Duration {
        let rate = self.world.with_weather(|weather| weather.slow_disk);
        if self.world.chance(rate) {
            self.world.fault("slow disk", self.host.name);
            return self.world.time(5, SLOW_DISK);
        }
        Duration::from_micros(self.world.pick(100, 1_500))
    }

    fn committing(&self, jobs: &[&'static str]) {
        self.may_crash("crash before commit", jobs);
        let what = || format!("{} commits {}", self.host.name, jobs.join(", "));
        if self.life.is_up() && self.world.begins_commit(what, || self.changes()) {
            self.go_down();
        }
    }

    fn committed(&self, jobs: &[&'static str]) {
        self.world.tell(&format!("= {} {}", self.host.name, jobs.join(", ")));
        let mut watch = self.host.watch.lock().unwrap_or_else(PoisonError::into_inner);
        watch.look(&self.world, self.host.name, &self.host.look);
        drop(watch);
        if self.world.ends_commit(|| self.changes()) {
            self.go_down();
        }
        self.may_crash("crash after commit", jobs);
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Host").field(&self.name).finish()
    }
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Life").field(&self.host).field(&self.number).finish()
    }
}
