//! The system itself: its state, its administrator's account, its settings and its mail.

pub mod account;
pub mod notification;
pub mod settings;
pub mod status;
mod stir_shaken;
