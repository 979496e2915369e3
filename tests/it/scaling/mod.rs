//! Growth past one table and one server: claims in partitions, on other servers, dashboards on a standby. Source:
//! docs/scaling.md.

mod claims;
mod foreign;
mod partitions;
mod plans;
mod standby;
