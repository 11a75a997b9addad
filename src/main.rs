//! The program: everything is in the library.

use std::process::ExitCode;

/// Events are made on one thread and dropped on another, which is what the C library's allocator is slowest at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    jagaloket::cli::main()
}
