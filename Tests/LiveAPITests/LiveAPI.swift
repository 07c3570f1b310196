import Testing

/// Every method of the client, against a daemon that answers.
///
/// The daemon is the one at the multiaddr in `SWIPFS_TEST_API`, or our own node on TCP, on a unix socket and within the
/// process. Nothing is asserted that a current Kubo would not do offline or without peers. The daemon may be in use:
/// names and content are random, and what a test makes, it takes away again.
@Suite(.liveDaemon, .keepingBlocks, .timeLimit(.minutes(10))) enum LiveAPI {}
