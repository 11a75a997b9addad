use jagaloket::replay;
fn main() {
    let a: Vec<std::path::PathBuf> = std::env::args().map(Into::into).collect();
    // replay --roster R --policies P FILES
    let request = replay::Request {
        roster: a[3].clone(),
        policies: a[5].clone(),
        files: a[6..].to_vec(),
        quiet: false,
    };
    let start = std::time::Instant::now();
    let mut err = std::io::stderr();
    match replay::run(&request, &mut std::io::BufWriter::new(std::io::stdout()), &mut err) {
        Ok(s) => {
            replay::write_summary(&s, start.elapsed().as_secs_f64(), &mut err).unwrap();
            std::process::exit(if s.rejected_lines() > 0 { 3 } else { 0 })
        }
        Err(e) => {
            eprintln!("{e:#}");
            std::process::exit(1)
        }
    }
}
