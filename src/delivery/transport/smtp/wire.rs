//! The streams that lettre's client is given, and the form of a message on the wire.
//!
//! lettre opens its own sockets with Nagle's algorithm on, so that on a kept connection each mail waits for a delayed
//! acknowledgement; its client takes a stream of ours instead, but encrypts one from the start only by way of a type that
//! it has deprecated.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::Error;
#[expect(deprecated, reason = "the one way to TLS from the first byte on a socket of our own")]
use lettre::transport::smtp::client::AsyncNetworkStream;
use lettre::transport::smtp::client::{AsyncTokioStream, TlsParameters};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A socket that hands over one line at a time.
///
/// Across STARTTLS lettre keeps what it has read ahead and takes it for the encrypted server's answer, so that anyone on
/// the way could answer in its place. Read line by line, nothing is read ahead: what follows the answer to STARTTLS in
/// the clear meets the TLS handshake, which fails. Source: RFC 3207 section 6, CVE-2011-0411.
#[derive(Debug)]
pub(super) struct LineByLine(pub TcpStream);

impl AsyncRead for LineByLine {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let socket = &mut self.get_mut().0;
        let mut bytes = [0; 4096];
        let room = buf.remaining().min(bytes.len());
        let seen = ready!(socket.poll_peek(cx, &mut ReadBuf::new(&mut bytes[..room])))?;
        let line = bytes[..seen].iter().position(|byte| *byte == b'\n').map_or(seen, |end| end + 1);
        let mut taken = ReadBuf::new(&mut bytes[..line]);
        ready!(Pin::new(socket).poll_read(cx, &mut taken))?;
        buf.put_slice(taken.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for LineByLine {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for LineByLine {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }
}

/// A stream that is encrypted from the first byte.
#[expect(deprecated, reason = "see its import")]
pub(super) struct Encrypted(AsyncNetworkStream);

impl Encrypted {
    /// Shakes hands over `socket`.
    #[expect(deprecated, reason = "see its import")]
    pub async fn over(socket: TcpStream, tls: TlsParameters) -> Result<Self, Error> {
        let mut stream = AsyncNetworkStream::use_existing_tokio1(Box::new(socket));
        stream.upgrade_tls(tls).await?;
        Ok(Self(stream))
    }
}

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encrypted")
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = ready!(futures_io::AsyncRead::poll_read(Pin::new(&mut self.0), cx, buf.initialize_unfilled()))?;
        buf.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        futures_io::AsyncWrite::poll_write(Pin::new(&mut self.0), cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        futures_io::AsyncWrite::poll_flush(Pin::new(&mut self.0), cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        futures_io::AsyncWrite::poll_close(Pin::new(&mut self.0), cx)
    }
}

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }
}

/// `bytes` with every line end as CR LF and without the last one, which lettre adds before the final dot.
///
/// A bare CR or LF must not reach a server: some take LF, dot, CR, LF for the end of the message. Source: RFC 5321
/// section 2.3.8.
pub(super) fn as_lines(bytes: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        lines.extend_from_slice(&rest[..end]);
        lines.extend_from_slice(b"\r\n");
        rest = rest[end..].strip_prefix(b"\r\n").unwrap_or(&rest[end + 1..]);
    }
    lines.extend_from_slice(rest);
    if lines.ends_with(b"\r\n") {
        lines.truncate(lines.len() - 2);
    }
    lines
}

/// Up to so many bytes a message goes out in one piece; a copy of a larger one would cost more memory than it saves time.
const IN_ONE_PIECE: usize = 1 << 20;

/// `lines` with the final dot, as lettre would write them in two pieces, for each of which the server wakes: a line that begins
/// with a dot begins with two. `None`: they are not text, or too many. Source: RFC 5321 section 4.5.2.
pub(super) fn in_one_piece(lines: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(lines).ok().filter(|text| text.len() <= IN_ONE_PIECE)?;
    let mut piece = String::with_capacity(text.len() + 64);
    if text.starts_with('.') {
        piece.push('.');
    }
    let mut rest = text;
    while let Some(at) = rest.find("\r\n.") {
        let (before, after) = rest.split_at(at + 3);
        piece.push_str(before);
        piece.push('.');
        rest = after;
    }
    piece.push_str(rest);
    piece.push_str("\r\n.\r\n");
    Some(piece)
}

#[cfg(test)]
mod tests {
    use super::{IN_ONE_PIECE, as_lines, in_one_piece};

    #[test]
    fn a_line_that_begins_with_a_dot_begins_with_two_and_a_dot_alone_ends_the_message() {
        for (lines, expected) in [
            ("a\r\nb", "a\r\nb\r\n.\r\n"),
            (".a\r\n.\r\n..b\r\nc.", "..a\r\n..\r\n...b\r\nc.\r\n.\r\n"),
            ("", "\r\n.\r\n"),
            ("é\r\n.é", "é\r\n..é\r\n.\r\n"),
        ] {
            assert_eq!(in_one_piece(lines.as_bytes()).as_deref(), Some(expected), "{lines:?}");
        }
        assert_eq!(in_one_piece(b"\xff"), None);
        assert_eq!(in_one_piece(&vec![b'x'; IN_ONE_PIECE + 1]), None);
    }

    #[test]
    fn line_ends_become_cr_lf_and_the_last_one_is_left_to_the_final_dot() {
        for (bytes, expected) in [
            (&b"a\r\nb\r\n"[..], &b"a\r\nb"[..]),
            (b"a\r\n\r\n", b"a\r\n"),
            (b"a\n.\r\nb\rc", b"a\r\n.\r\nb\r\nc"),
            (b"a\r\r\nb", b"a\r\n\r\nb"),
            (b"", b""),
        ] {
            assert_eq!(as_lines(bytes), expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
