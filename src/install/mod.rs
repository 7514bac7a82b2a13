//! Installing into a repository and leaving it again: hooks, merge drivers, attributes.
//!
//! [`install`] adds shims to the hooks directory (a hook that is already there keeps running), a section to
//! the repository's configuration for each merge driver, and a block of lines to `info/attributes`. With git 2.54 and
//! later the hooks may be sections of the configuration instead.
//! [`uninstall`] puts every byte back. What was there before is kept in a ledger,
//! `<common-dir>/mission/install/ledger.json`.
//!
//! INVARIANT: nothing outside the repository's common git directory is written; a hooks directory that is
//! tracked or shared with other repositories is refused by name.
//!
//! Knows nothing about what the hooks and drivers do, and prints nothing.

mod attributes;
mod config_hooks;
mod drivers;
mod error;
mod files;
mod hooks;
mod ledger;
mod look;
mod neighbour;
mod removal;
mod report;
mod server;
mod settings;
mod setup;
mod shim;
mod status;
mod steps;
mod trial;
mod view;
mod watch;

pub use drivers::{Attribute, Driver};
pub use error::InstallError;
pub use hooks::{HOOKS, HooksDirectory, chained};
pub use removal::uninstall;
pub use report::{Change, Report};
pub use server::{SERVER_HOOKS, install_server};
pub use settings::write_settings;
pub use setup::{Mode, Options, install};
pub use shim::SHIM_VERSION;
pub use status::{AttributeStatus, DriverState, DriverStatus, HookState, HookStatus, InstallStatus, status};
pub use trial::{Trial, try_drivers};
pub use view::refresh as refresh_view;
pub use watch::{Disturbed, disturbed};
