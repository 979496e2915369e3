//! Everything that needs a database, a mail server or the program itself, in one binary.

mod acting;
mod answers;
mod backfill;
mod backtest;
mod bounces;
mod browse;
#[expect(dead_code, reason = "made for tests/several_daemons, which use all of it")]
#[path = "../support/chance.rs"]
mod chance;
mod cli;
mod config;
mod copy;
mod daemon;
mod delivery;
mod delivery_transport;
mod diff;
mod escalation;
mod exchange;
mod explain;
mod forecast;
mod grafana;
mod holidays;
mod horizon;
mod http;
mod ics;
mod import;
mod independent_smtp;
mod leases;
mod lookback;
mod model;
mod page;
mod passes;
mod plausible;
mod postfix;
#[path = "../support/postgres/mod.rs"]
mod postgres;
mod postgres_server;
mod quarter;
mod rate;
mod read_only;
mod rederive;
mod report;
mod retention;
mod scaling;
mod scan;
mod silences;
mod smtp_server;
mod sources;
mod store;
mod thousand_faults;
mod told;
mod upgrade;
mod ways_in;
mod webhook;
mod world;
