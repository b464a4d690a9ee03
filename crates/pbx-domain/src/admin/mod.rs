//! The system itself: its state, its settings and its mail.

pub mod notification;
pub mod settings;
pub mod status;
