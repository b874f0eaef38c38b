//! The built program as a process: its command line, its signals, its output, its end.

mod commands;
mod configuration;
mod demo;
mod logs;
mod signals;
