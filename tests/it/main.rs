//! The integration tests: the library from outside, on real files, databases and servers.

mod config;
