//! The whole shop, its real services together, through HTTP: on the embedded database, and on every
//! server that this machine has.

mod adoption;
mod audit;
mod backups;
mod buying;
mod demo;
mod digital;
#[cfg(target_os = "linux")]
mod disk_full;
mod grants;
mod harness;
mod insistence;
mod lives;
mod locked;
mod mailed_secrets;
mod on_sale;
mod permissions;
mod program;
mod public_face;
mod refused_refunds;
mod repeated_events;
mod reviews;
mod selling_out;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod slow_disk;
mod starting;
mod stored;
mod stripe;
mod tour;
mod under_fire;
mod waiting_refunds;
mod webhooks;
