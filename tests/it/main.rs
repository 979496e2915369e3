//! The one integration binary: claimwatch on real files, real sockets and a real database.

mod delivery_transport;
mod smtp_server;
