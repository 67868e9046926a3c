//! Load: a number of connections, each with one request under way, until all requests are answered.

use std::cell::Cell;
use std::error::Error;
use std::rc::Rc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// What a round gave.
pub(crate) struct Load {
    /// Requests answered a second.
    pub(crate) rate: f64,
}

impl Load {
    /// Sends every request once over `connections` connections. Fails unless each is answered with 200.
    pub(crate) fn run(address: &str, requests: &[Vec<u8>], connections: usize) -> Result<Self, Box<dyn Error>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let seconds = runtime.block_on(LocalSet::new().run_until(async {
            let next = Rc::new(Cell::new(0usize));
            let requests: Rc<[Vec<u8>]> = requests.into();
            let mut open = Vec::new();
            for _ in 0..connections {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                open.push(stream);
            }
            let start = clock();
            let workers: Vec<_> = open
                .into_iter()
                .map(|stream| tokio::task::spawn_local(worker(stream, Rc::clone(&next), Rc::clone(&requests))))
                .collect();
            for worker in workers {
                worker.await??;
            }
            Ok::<_, Box<dyn Error>>(start.elapsed().as_secs_f64())
        }))?;
        #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
        Ok(Self { rate: requests.len() as f64 / seconds })
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the machine's clock")]
fn clock() -> std::time::Instant {
    std::time::Instant::now()
}

async fn worker(mut stream: TcpStream, next: Rc<Cell<usize>>, requests: Rc<[Vec<u8>]>) -> std::io::Result<()> {
    let mut buffer = vec![0u8; 16 * 1024];
    while let Some(request) = requests.get(next.get()) {
        next.set(next.get() + 1);
        stream.write_all(request).await?;
        let mut filled = 0;
        loop {
            let read = stream.read(&mut buffer[filled..]).await?;
            filled += read;
            if read == 0 {
                return Err(std::io::Error::other("the server closed a connection"));
            }
            if let Some(whole) = whole_answer(&buffer[..filled]) {
                if !buffer.starts_with(b"HTTP/1.1 200") || whole != filled {
                    return Err(std::io::Error::other(String::from_utf8_lossy(&buffer[..filled]).into_owned()));
                }
                break;
            }
        }
    }
    Ok(())
}

/// The length of the answer at the beginning of `bytes`, once it is there whole.
pub(crate) fn whole_answer(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    })?;
    (bytes.len() >= head + length).then_some(head + length)
}
