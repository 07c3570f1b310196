internal import CFuse3
internal import Glibc
internal import Synchronization

/// The start of the talk with the kernel: what is asked for, what was agreed upon, and when it is done.
///
/// The lock guards the outcome; what waits for the start is called without it.
final class Startup: Sendable {
  private struct State {
    var negotiation: Negotiation?
    var whenDone: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())
  /// Whether the next answer that is written is the one to INIT. There is no other request before that answer.
  private let isReplyNext = Atomic(false)

  var negotiation: Negotiation? { state.withLock(\.negotiation) }

  /// Sets what is called when the kernel can use the mount.
  func whenDone(_ body: @escaping @Sendable () -> Void) {
    state.withLock { $0.whenDone = body }
  }

  /// Fills in what this side wants, from what the kernel can.
  func negotiate(_ connection: inout fuse_conn_info, _ configuration: SessionConfiguration) {
    func set(_ capability: UInt32, _ isWanted: Bool) {
      if isWanted && connection.capable & capability != 0 {
        connection.want |= capability
      } else {
        connection.want &= ~capability
      }
    }
    set(UInt32(FUSE_CAP_WRITEBACK_CACHE), configuration.writebackCache)
    set(UInt32(FUSE_CAP_READDIRPLUS), configuration.directoryReading != .plain)
    set(UInt32(FUSE_CAP_READDIRPLUS_AUTO), configuration.directoryReading == .adaptive)
    set(UInt32(FUSE_CAP_CACHE_SYMLINKS), configuration.cachesSymbolicLinks)
    set(UInt32(FUSE_CAP_PARALLEL_DIROPS), true)
    set(UInt32(FUSE_CAP_ASYNC_DIO), true)
    // So a truncation by open can be told from one by path.
    set(UInt32(FUSE_CAP_ATOMIC_O_TRUNC), true)
    set(UInt32(FUSE_CAP_POSIX_ACL), false)
    connection.max_write = UInt32(configuration.maximumTransfer)
    connection.max_read = UInt32(configuration.maximumTransfer)
    connection.max_background = UInt32(configuration.maximumBackground)
    connection.congestion_threshold = UInt32(configuration.congestionThreshold)
    connection.time_gran = 1

    let negotiation = Negotiation(
      protocolMinorVersion: connection.proto_minor,
      writebackCache: connection.want & UInt32(FUSE_CAP_WRITEBACK_CACHE) != 0,
      readdirplus: connection.want & UInt32(FUSE_CAP_READDIRPLUS) != 0,
      parallelDirectoryOperations: connection.want & UInt32(FUSE_CAP_PARALLEL_DIROPS) != 0,
      clearsPrivilegeBits: connection.proto_minor >= Self.privilegeClearingVersion,
      maximumWrite: Int(connection.max_write))
    state.withLock { $0.negotiation = negotiation }
    isReplyNext.store(true, ordering: .releasing)
  }

  /// Writes an answer or a notification to the device, as `writev(2)`.
  ///
  /// It exists for the answer to INIT. libfuse 3.14 does not know HANDLE_KILLPRIV_V2, and without it the kernel asks for
  /// `security.capability` before each write to a file; so the flag is added on the way.
  @inline(__always)
  func write(_ device: Int32, _ parts: UnsafeMutablePointer<iovec>, _ count: Int32) -> Int {
    guard isReplyNext.load(ordering: .relaxed) else { return writev(device, parts, count) }
    return writeInitReply(device, parts, count)
  }

  /// The minor version of the protocol from which on the kernel has HANDLE_KILLPRIV_V2.
  private static let privilegeClearingVersion: UInt32 = 33

  private func writeInitReply(_ device: Int32, _ parts: UnsafeMutablePointer<iovec>, _ count: Int32) -> Int {
    isReplyNext.store(false, ordering: .relaxed)
    let isReply = count == 2 && parts[1].iov_len >= MemoryLayout<fuse_init_out>.size
    if isReply, let body = parts[1].iov_base, state.withLock({ $0.negotiation?.clearsPrivilegeBits }) == true {
      let flags = body.advanced(by: MemoryLayout<fuse_init_out>.offset(of: \.flags) ?? 0)
      let wanted = flags.load(as: UInt32.self) | UInt32(FUSE_HANDLE_KILLPRIV_V2)
      flags.storeBytes(of: wanted, as: UInt32.self)
    }
    let result = writev(device, parts, count)
    // Without a body the answer is an error, and libfuse ends the session.
    if isReply, result >= 0 { state.withLock { $0.whenDone.take() }?() }
    return result
  }
}
