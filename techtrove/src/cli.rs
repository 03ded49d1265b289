//! The command line, as `--help` shows it. What a command does stands in `commands/`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use techtrove_core::EmailAddress;

/// An online technology shop in one program.
#[derive(Debug, Parser)]
#[command(name = "techtrove", version, about, args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  techtrove                                   start the shop in ./techtrove-data on http://127.0.0.1:8080
  techtrove up --data /srv/shop --listen 127.0.0.1:9000
  echo 'a long secret' | techtrove admin create --email ada@example.com
  techtrove import parts.ndjson
  techtrove export products.csv
  techtrove backup /backups/monday
  techtrove audit")]
pub struct Cli {
    /// What to do; `up` when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The options of `up`.
    #[command(flatten)]
    pub up: Up,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the whole shop in one process, on an embedded database
    #[command(after_help = "Examples:
  techtrove up
  techtrove up --no-demo                      begin with an empty shop
  techtrove up --data /srv/shop --listen 0.0.0.0:8080 --ops-listen 127.0.0.1:9090
  techtrove up --demo --listen 0.0.0.0:8080   show the demo shop to others

An empty data folder becomes a demo shop when only this machine can reach it: products, pictures and
accounts, whose passwords stand in demo-accounts.txt in the data folder. Elsewhere it takes --demo, and
the accounts of the demo's staff are closed.

Settings from the environment:
  TECHTROVE_LOG                what to log, e.g. `info` or `techtrove_orders=debug`
  TECHTROVE_RATE_LIMIT         calls per second and client, or `off` (loopback only; for load tests)
  TECHTROVE_TRUSTED_PROXIES    networks whose X-Forwarded-For is believed, e.g. `10.0.0.0/8`
  TECHTROVE_SMTP_URL           e.g. `smtps://user:password@mail.example.com`; without it mail stays
                               in the mailbox at /dev/mail
  TECHTROVE_SMTP_FROM          the sender, e.g. `TechTrove <shop@example.com>`
  TECHTROVE_LANGUAGE           of mails to those whose language is not known: `en` (default) or `de`
  TECHTROVE_PUBLIC_URL         where links in mails lead, e.g. `https://shop.example.com`
  TECHTROVE_PAYMENT_PROVIDER   who takes the money of new orders: `sandbox` (default) or `stripe`
  TECHTROVE_STRIPE_KEY_FILE    a file with Stripe's secret key
  TECHTROVE_STRIPE_WEBHOOK_SECRETS_FILE   a file with the secrets of Stripe's webhooks, one a line
  TECHTROVE_STRIPE_RETURN_URL  where Stripe sends buyers back to
  TECHTROVE_STRIPE_URL         another address of Stripe's API, for tests
  TECHTROVE_CURRENCY           the shop's currency, e.g. `EUR`; default USD
  TECHTROVE_COUNTRY            where the shop is, e.g. `DE`; default US
  TECHTROVE_PRICES_INCLUDE_TAX `true` when prices include tax, which is then shown and not added
  TECHTROVE_TAX_BASIS_POINTS   one tax rate for every place, in hundredths of a percent; default the
                               standard rates of many countries, and 0 elsewhere
  TECHTROVE_TAX_RATES          rates of places over all others, e.g. `DE=1900,US-CA=725`
  TECHTROVE_SHIPPING_TAX       `as_goods` (default), `none`, or a rate
  TECHTROVE_SHIPPING_PRICES    in minor units, e.g. `standard:home=500,standard:*=1500,express:DE=2500`
  TECHTROVE_CAPTURE            when reserved money is taken: at `confirmation` (default) or `shipment`
  TECHTROVE_RETURN_DAYS        how many days after its arrival an order may be sent back; default 30")]
    Up(Up),
    /// Administrators
    #[command(subcommand)]
    Admin(Admin),
    /// Import products from NDJSON or CSV files
    #[command(after_help = "Examples:
  techtrove import parts.ndjson
  techtrove import laptops.ndjson phones.csv --data /srv/shop
  techtrove import parts.ndjson --dry-run

Each line is one product: {\"category\": \"laptops\", \"name\": …, \"variants\": [{\"sku\": …, \"price\": …}]}.
A file whose name ends in .csv has one variant a record, under the names of the columns in the first:
sku, slug, name, category, price, stock, …; the reference at /docs names all of them.
Products are found again by SKU and updated. A bad line is reported by its number; the others go on.")]
    Import(Import),
    /// Export all products to an NDJSON or CSV file
    #[command(after_help = "Examples:
  techtrove export products.ndjson
  techtrove export products.csv --data /srv/shop

The file has drafts and archived products too, and what `techtrove import` takes back. A file whose name
ends in .csv has one variant a record. It is there once it is whole; one of that name is replaced.")]
    Export(Export),
    /// Check the books of all services against each other
    #[command(after_help = "Examples:
  techtrove audit
  techtrove audit --data /srv/shop

Exit code 0 when the books agree, 1 when they don't. While the shop runs, a difference counts only when
it stands in three reads over 30 seconds.")]
    Audit(Folder),
    /// Copy a shop, running or not, into an empty folder
    #[command(after_help = "Examples:
  techtrove backup /backups/monday
  techtrove backup /backups/monday --data /srv/shop

All databases are copied as they are at one moment, while the shop goes on: writing pauses for some
milliseconds. The folder holds the shop's secrets too; keep it as you keep them. Its manifest is written
last: a folder without one is no backup.")]
    Backup(Backup),
    /// Restore a backup into an empty data folder
    #[command(after_help = "Examples:
  techtrove restore /backups/monday --data /srv/shop
  techtrove audit --data /srv/shop

Every file is checked first; what is not whole is refused, and the data folder stays empty. The shop goes
on as after a power cut at the moment of the backup: what was under way then is finished or undone. What
happened later is lost, also where a payment provider knows of it.")]
    Restore(Restore),
    /// Print the OpenAPI document
    #[command(after_help = "Example:\n  techtrove openapi > openapi.json")]
    Openapi,
}

/// Where the shop keeps its data.
#[derive(Args, Clone, Debug)]
pub struct Folder {
    /// The data folder
    #[arg(long, value_name = "DIR", default_value = "techtrove-data", env = "TECHTROVE_DATA")]
    pub data: PathBuf,
}

/// The options of `up`.
#[derive(Args, Clone, Debug)]
pub struct Up {
    /// Where the shop keeps its data.
    #[command(flatten)]
    pub folder: Folder,
    /// Where to listen
    #[arg(
        long,
        value_name = "ADDR:PORT",
        default_value = "127.0.0.1:8080",
        value_parser = address,
        env = "TECHTROVE_LISTEN"
    )]
    pub listen: SocketAddr,
    /// Where metrics, detailed readiness and the audit answer; 127.0.0.1:9090 or the next free port
    #[arg(long, value_name = "ADDR:PORT", value_parser = address, env = "TECHTROVE_OPS_LISTEN")]
    pub ops_listen: Option<SocketAddr>,
    /// Load the demo shop into an empty folder although strangers can reach the shop; its staff cannot
    /// sign in then
    #[arg(long, conflicts_with = "no_demo")]
    pub demo: bool,
    /// Leave an empty folder empty: load no demo shop
    #[arg(long)]
    pub no_demo: bool,
}

/// Administrators.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Make an administrator; the password is read as one line from standard input
    #[command(after_help = "Example:
  echo 'a long secret' | techtrove admin create --email ada@example.com")]
    Create(CreateAdmin),
}

/// The options of `admin create`.
#[derive(Args, Debug)]
pub struct CreateAdmin {
    /// The administrator's e-mail address
    #[arg(long)]
    pub email: EmailAddress,
    /// How to call them
    #[arg(long, default_value = "Administrator")]
    pub name: String,
    /// Where the shop keeps its data.
    #[command(flatten)]
    pub folder: Folder,
}

/// The options of `import`.
#[derive(Args, Debug)]
pub struct Import {
    /// The files, one product a line; CSV where the name ends in .csv
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Only try the lines: say what is wrong with them, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Where the shop keeps its data.
    #[command(flatten)]
    pub folder: Folder,
}

/// The options of `export`.
#[derive(Args, Debug)]
pub struct Export {
    /// The file to write; CSV where the name ends in .csv
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where the shop keeps its data.
    #[command(flatten)]
    pub folder: Folder,
}

/// The options of `backup`.
#[derive(Args, Debug)]
pub struct Backup {
    /// The folder to copy into, empty or absent
    #[arg(value_name = "DIR")]
    pub to: PathBuf,
    /// Where the shop keeps its data.
    #[command(flatten)]
    pub folder: Folder,
}

/// The options of `restore`.
#[derive(Args, Debug)]
pub struct Restore {
    /// The folder of the backup
    #[arg(value_name = "DIR")]
    pub from: PathBuf,
    /// Where the shop is going to keep its data.
    #[command(flatten)]
    pub folder: Folder,
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "write an address and a port, like 127.0.0.1:8080 or [::1]:8080")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn up_is_what_nothing_means() {
        let cli = Cli::try_parse_from(["techtrove", "--listen", "127.0.0.1:1"]).expect("parsed");

        assert!(cli.command.is_none());
        assert_eq!(cli.up.listen.port(), 1);
    }
}
