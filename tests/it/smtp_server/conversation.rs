//! One connection of the test's mail server, from greeting to goodbye.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::server::TlsStream;

use super::{Act, Encryption, Moment, Received, Shared};

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {
    /// Makes the end of this connection a reset.
    fn will_reset(&self);
}

impl Wire for TcpStream {
    fn will_reset(&self) {
        self.set_zero_linger().expect("a socket that can be reset");
    }
}

impl Wire for TlsStream<TcpStream> {
    fn will_reset(&self) {
        self.get_ref().0.will_reset();
    }
}

impl Wire for TlsStream<Box<dyn Wire>> {
    fn will_reset(&self) {
        self.get_ref().0.will_reset();
    }
}

type Stream = BufReader<Box<dyn Wire>>;

/// Whether the conversation goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Go,
    /// The client is told nothing more.
    End,
}

pub struct Conversation {
    shared: Arc<Shared>,
    number: usize,
    encrypted: bool,
    user: Option<String>,
    from: Option<String>,
    to: Vec<String>,
}

impl Conversation {
    pub fn new(shared: Arc<Shared>, number: usize) -> Self {
        Self { shared, number, encrypted: false, user: None, from: None, to: Vec::new() }
    }

    pub async fn hold(mut self, socket: TcpStream) -> io::Result<()> {
        let mut stream: Stream = if self.shared.encryption == Encryption::Implicit {
            self.encrypted = true;
            BufReader::new(Box::new(self.shared.trust.acceptor().accept(socket).await?))
        } else {
            BufReader::new(Box::new(socket))
        };
        if self.answer(&mut stream, Moment::Greeting, "", "220 test ready").await? == Next::End {
            return Ok(());
        }
        while let Some(line) = read_line(&mut stream).await? {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let shown = if verb == "AUTH" { "AUTH".into() } else { line.clone() };
            self.shared.state().commands.push((self.number, shown));
            let next = match verb.as_str() {
                "STARTTLS" => {
                    let faulty = self.shared.fault(Moment::StartTls, &line);
                    let refused = matches!(faulty, Some(Act::Say(said)) if !said.starts_with('2'));
                    let acceptor = match faulty {
                        Some(Act::Certificate(flaw)) => self.shared.trust.flawed_acceptor(flaw),
                        _ => self.shared.trust.acceptor().clone(),
                    };
                    let next = self.act(&mut stream, faulty, "220 go ahead").await?;
                    if next == Next::Go && !refused {
                        stream = BufReader::new(Box::new(acceptor.accept(stream.into_inner()).await?));
                        self.encrypted = true;
                    }
                    next
                }
                "AUTH" => self.authenticate(&mut stream, &line).await?,
                "DATA" => self.take_message(&mut stream, &line).await?,
                _ => self.obey(&mut stream, &verb, &line).await?,
            };
            if next == Next::End {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Commands whose answer is all there is to them.
    async fn obey(&mut self, stream: &mut Stream, verb: &str, line: &str) -> io::Result<Next> {
        let address =
            || line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address.to_owned());
        let (moment, reply) = match verb {
            "EHLO" => (Moment::Ehlo, self.extensions()),
            "HELO" => (Moment::Ehlo, "250 test".into()),
            "MAIL" if self.shared.login.is_some() && self.user.is_none() => {
                (Moment::Mail, "530 5.7.0 authentication required".into())
            }
            "MAIL" => (Moment::Mail, "250 2.1.0 ok".into()),
            "RCPT" if self.from.is_some() => (Moment::Rcpt, "250 2.1.5 ok".into()),
            "RSET" => (Moment::Rset, "250 2.0.0 ok".into()),
            "NOOP" => return say(stream, "250 2.0.0 ok").await,
            "QUIT" => (Moment::Quit, "221 2.0.0 bye".into()),
            "RCPT" => return say(stream, "503 5.5.1 MAIL first").await,
            _ => return say(stream, "502 5.5.2 what?").await,
        };
        let faulty = self.shared.fault(moment, line);
        let taken = !matches!(faulty, Some(Act::Say(said)) if !said.starts_with('2'));
        match verb {
            "MAIL" if taken && reply.starts_with('2') => (self.from, self.to) = (address(), Vec::new()),
            "RCPT" if taken => self.to.extend(address()),
            "RSET" => (self.from, self.to) = (None, Vec::new()),
            _ => {}
        }
        let next = self.act(stream, faulty, &reply).await?;
        Ok(if verb == "QUIT" { Next::End } else { next })
    }

    fn extensions(&self) -> String {
        let mut lines = vec!["250-test".to_owned(), "250-8BITMIME".into(), "250-SMTPUTF8".into()];
        if self.shared.encryption == Encryption::StartTls && !self.encrypted {
            lines.push("250-STARTTLS".into());
        }
        if self.shared.login.is_some() && (self.encrypted || self.shared.encryption == Encryption::None) {
            lines.push(format!("250-AUTH {}", self.shared.mechanisms));
        }
        lines.push("250 ENHANCEDSTATUSCODES".into());
        lines.join("\r\n")
    }

    async fn authenticate(&mut self, stream: &mut Stream, line: &str) -> io::Result<Next> {
        let words: Vec<_> = line.split(' ').collect();
        let given = match words[1..] {
            ["PLAIN", initial] => decode(initial)
                .split_once('\0')
                .and_then(|(_, rest)| rest.split_once('\0'))
                .map(|(user, password)| (user.to_owned(), password.to_owned())),
            ["LOGIN"] => {
                let user = self.ask(stream, "Username:").await?;
                Some((user, self.ask(stream, "Password:").await?))
            }
            _ => None,
        };
        let right = given.is_some() && given == self.shared.login;
        if right {
            self.user = given.map(|(user, _)| user);
        }
        let reply = if right { "235 2.7.0 welcome" } else { "535 5.7.8 authentication failed" };
        self.answer(stream, Moment::Auth, line, reply).await
    }

    async fn ask(&self, stream: &mut Stream, question: &str) -> io::Result<String> {
        say(stream, &format!("334 {}", BASE64.encode(question.as_bytes()))).await?;
        Ok(decode(&read_line(stream).await?.unwrap_or_default()))
    }

    async fn take_message(&mut self, stream: &mut Stream, line: &str) -> io::Result<Next> {
        let Some(from) = self.from.take().filter(|_| !self.to.is_empty()) else {
            return say(stream, "503 5.5.1 RCPT first").await;
        };
        let faulty = self.shared.fault(Moment::Data, line);
        let refused = matches!(faulty, Some(Act::Say(said)) if !said.starts_with('3'));
        if self.act(stream, faulty, "354 go ahead").await? == Next::End || refused {
            return Ok(if refused { Next::Go } else { Next::End });
        }
        let mut bytes = Vec::new();
        loop {
            let mut line = Vec::new();
            if stream.read_until(b'\n', &mut line).await? == 0 {
                return Ok(Next::End);
            }
            if line == b".\r\n" {
                break;
            }
            bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        let faulty = self.shared.fault(Moment::Dot, "");
        if !matches!(faulty, Some(Act::Say(said)) if !said.starts_with('2')) {
            let to = std::mem::take(&mut self.to);
            let (encrypted, user, connection) = (self.encrypted, self.user.clone(), self.number);
            self.shared.state().received.push(Received { from, to, bytes, encrypted, user, connection });
        }
        self.act(stream, faulty, "250 2.0.0 queued").await
    }

    async fn answer(&self, stream: &mut Stream, moment: Moment, line: &str, reply: &str) -> io::Result<Next> {
        self.act(stream, self.shared.fault(moment, line), reply).await
    }

    /// Says `reply`, or does what is told instead.
    async fn act(&self, stream: &mut Stream, faulty: Option<Act>, reply: &str) -> io::Result<Next> {
        match faulty {
            None | Some(Act::Certificate(_)) => say(stream, reply).await,
            Some(Act::Say(said)) => say(stream, said).await,
            Some(Act::Silence) => {
                stream.read_to_end(&mut Vec::new()).await?;
                Ok(Next::End)
            }
            Some(Act::HangUp) => Ok(Next::End),
            Some(Act::AnswerAndHangUp) => say(stream, reply).await.map(|_| Next::End),
            Some(Act::Reset) => {
                stream.get_ref().will_reset();
                Ok(Next::End)
            }
            Some(Act::AnswerAndReset) => {
                say(stream, reply).await?;
                stream.get_ref().will_reset();
                Ok(Next::End)
            }
            Some(Act::Trickle) => {
                for byte in format!("{reply}\r\n").bytes() {
                    stream.write_all(&[byte]).await?;
                    stream.flush().await?;
                    sleep(Duration::from_secs(1)).await;
                }
                Ok(Next::Go)
            }
            Some(Act::Late(by)) => {
                sleep(by).await;
                say(stream, reply).await
            }
            Some(Act::Wait(gate)) => {
                gate.pass().await;
                say(stream, reply).await
            }
        }
    }
}

async fn say(stream: &mut Stream, reply: &str) -> io::Result<Next> {
    stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
    stream.flush().await?;
    Ok(Next::Go)
}

async fn read_line(stream: &mut Stream) -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await?;
    Ok((read > 0).then(|| line.trim_end().to_owned()))
}

fn decode(text: &str) -> String {
    let bytes = BASE64.decode(text.as_bytes()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
