//! The one integration binary. Each module is one file beside this one.

mod store;
