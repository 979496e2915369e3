//! The SQLite adapter (to come).
