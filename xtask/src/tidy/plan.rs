//! What the rules know of this project: the rooms, who calls whom, where drivers live. It restates
//! ARCHITECTURE.md; a change here changes the architecture and belongs with an ADR.

/// Rooms that may name the services' own crates, since they wire them.
pub const WIRING: [&str; 2] = ["techtrove", "sim"];

/// Who calls whom directly. Identity is missing as a callee: everybody may ask it for its keys.
pub const CALLS: &[(&str, &[&str])] = &[
    ("catalog", &["inventory"]),
    ("community", &["catalog"]),
    ("identity", &[]),
    ("inventory", &[]),
    ("notifications", &["orders"]),
    ("orders", &["catalog", "inventory", "payments"]),
    ("payments", &[]),
];

/// Who learns of whom by events, without ever calling: knows the events in a face, not its client.
pub const HEARS: &[(&str, &[&str])] = &[
    ("catalog", &["community", "orders"]),
    ("community", &["orders"]),
    ("inventory", &["catalog"]),
];

/// Service crates that another service's tests may start, and why; never its program.
pub const TESTED_WITH: &[(&str, &str, &str)] = &[(
    "payments",
    STRANGER,
    "its tests charge the stranger itself, through HTTP as the program does",
)];

/// Everybody may ask it for its public keys; it calls nobody.
pub const KEY_KEEPER: &str = "identity";

/// Stands for a payment provider out there: has no face in Rust, publishes no events, and neither
/// calls our services nor is called but through HTTP, as the real ones.
pub const STRANGER: &str = "sandbox";

/// Crates that only the room named beside them may depend on.
pub const DRIVERS: &[(&str, &[&str])] = &[
    ("rusqlite", &["kit/db"]),
    ("tokio-postgres", &["kit/db"]),
    ("tokio-postgres-rustls", &["kit/db"]),
    ("postgres", &["kit/db"]),
    ("mysql", &["kit/db"]),
    ("mysql_async", &["kit/db"]),
    ("sqlx", &[]),
    ("mongodb", &["kit/db", "services/catalog"]),
    ("async-nats", &["kit/bus"]),
    ("rdkafka", &["kit/bus"]),
];

/// What `kit/core` must do without, so that rules can be tested and simulated without a machine.
pub const NOT_IN_CORE: [&str; 10] = [
    "axum",
    "futures",
    "hyper",
    "hyper-util",
    "reqwest",
    "tokio",
    "tokio-stream",
    "tokio-util",
    "tower",
    "tower-http",
];

/// Dependencies a crate has although its code never names them, and why.
pub const UNNAMED_DEPENDENCIES: &[(&str, &str, &str)] = &[];

/// The databases every migration is written for.
pub const DATABASES: [&str; 3] = ["sqlite", "postgres", "mysql"];

/// What every service has; a name that ends in `/` is a folder with something in it.
pub const FLOOR_PLAN: [&str; 11] = [
    "README.md",
    "api/",
    "src/lib.rs",
    "src/domain/",
    "src/app/",
    "src/store/",
    "src/http/",
    "src/error.rs",
    "migrations/sqlite/",
    "migrations/postgres/",
    "migrations/mysql/",
];

/// Where a service that knows the bus says what it publishes and hears; who is silent has no such file.
pub const EVENTS: (&str, &str) = ("techtrove-bus", "src/events.rs");

/// What a service may lack, and why.
pub const FLOOR_PLAN_EXEMPTIONS: &[(&str, &str, &str)] =
    &[(STRANGER, "api/", "a stranger has no face in Rust, only its HTTP")];

/// A source file has fewer lines than this.
pub const MAX_LINES: usize = 500;
