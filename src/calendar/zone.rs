//! A time zone: local day ↔ instant.
