//! What the gateway decides, whatever the cluster is like.

mod accrual;
mod cluster;
mod load;
mod pick;
mod retry;
mod table;
