internal import Foundation
internal import Glibc
internal import Synchronization
package import UnixFS

/// What IPNS names point to, as far as it is known here: the records that were published or put.
///
/// What a change returns has survived a power cut. The lock makes changes one after another, so that each record has
/// the number after the last one's.
public final class Names: Sendable {
  private let database: NodeDatabase
  private let reserve: SpaceReserve
  private let space: SpaceDemand
  private let clock: @Sendable () -> Timestamp
  private let changing = Mutex(())

  /// The names of a repo.
  ///
  /// - Parameter clock: The time; another one in tests.
  init(
    database: NodeDatabase, reserve: SpaceReserve, space: SpaceDemand,
    clock: @escaping @Sendable () -> Timestamp = Names.now
  ) {
    self.database = database
    self.reserve = reserve
    self.space = space
    self.clock = clock
  }

  /// The time by the system's clock.
  package static func now() -> Timestamp {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Timestamp(seconds: Int64(now.tv_sec), nanoseconds: UInt32(now.tv_nsec))
  }

  /// How a path is published.
  public struct Publication: Sendable {
    /// How long the record is valid, in nanoseconds.
    public var lifetime: Int64
    /// How long others need not ask again, in nanoseconds.
    public var ttl: Int64
    /// The record's number; nil for that of the last one, or the next if it points elsewhere.
    public var sequence: UInt64?
    /// Whether old readers can read the record, too.
    public var hasVersion1: Bool

    /// A publication; by default as Kubo's, valid for 48 hours.
    public init(
      lifetime: Int64 = IPNSRecord.defaultLifetime * 1_000_000_000, ttl: Int64 = IPNSRecord.defaultTTL,
      sequence: UInt64? = nil, hasVersion1: Bool = true
    ) {
      self.lifetime = lifetime
      self.ttl = ttl
      self.sequence = sequence
      self.hasVersion1 = hasVersion1
    }
  }

  /// Lets a key pair's name point to a path.
  ///
  /// - Parameters:
  ///   - path: The path: `/ipfs/…`, or `/ipns/…` of another name.
  ///   - key: The name's key pair.
  /// - Returns: The record.
  /// - Throws: `invalid` for a number that is not above the last one's, `invalidRecord` for a path that is too long;
  ///   `noSpace`, `inputOutput`.
  @discardableResult
  public func publish(
    _ path: String, with key: PrivateKey, _ publication: Publication = Publication()
  ) async throws(NodeError) -> IPNSRecord {
    try await offload { () throws(NodeError) in
      let name = key.peerID
      return try self.changing.withLock { _ throws(NodeError) in
        let last = try self.database.record(of: name).map { bytes throws(NodeError) in try IPNSRecord(bytes: bytes) }
        let record = try IPNSRecord(
          value: path, key: key, sequence: Self.sequence(after: last, publication.sequence, path),
          validity: self.clock().adding(nanoseconds: publication.lifetime), ttl: publication.ttl,
          hasVersion1: publication.hasVersion1)
        try self.save(record, of: name)
        return record
      }
    }
  }

  /// The number of a new record. Kubo's rule: the same as before while it points to the same; one that is chosen must be
  /// above all that went before, and none has gone before 1.
  private static func sequence(
    after last: IPNSRecord?, _ chosen: UInt64?, _ path: String
  ) throws(NodeError) -> UInt64 {
    let number = last?.sequence
    if let chosen {
      guard chosen > number ?? 0 else {
        throw NodeError(.invalid, "sequence number must be greater than the current record sequence")
      }
      return chosen
    }
    guard let last, let number else { return 0 }
    guard last.value != path else { return number }
    guard number < .max else { throw NodeError(.invalid, "the name has had the last sequence number") }
    return number + 1
  }

  private func save(_ record: IPNSRecord, of name: PeerID) throws(NodeError) {
    try database.write(freeing: reserve, space) { () throws(NodeError) in
      try database.save(record: record.bytes, of: name)
      try database.sync()
    }
  }

  /// Whether no name has a record, valid or not.
  ///
  /// - Throws: `inputOutput`.
  func isEmpty() async throws(NodeError) -> Bool {
    try await offload { () throws(NodeError) in try !self.database.hasRecords() }
  }

  /// The record of a name, if it is valid now.
  ///
  /// - Throws: `inputOutput`, `corrupt`.
  public func record(of name: PeerID) async throws(NodeError) -> IPNSRecord? {
    try await offload { () throws(NodeError) in try self.validRecord(of: name) }
  }

  private func validRecord(of name: PeerID) throws(NodeError) -> IPNSRecord? {
    guard let bytes = try database.record(of: name) else { return nil }
    do {
      let record = try IPNSRecord(bytes: bytes)
      try record.validate(as: name, at: clock())
      return record
    } catch {
      // Its time is over, mostly. Whatever it is: it is no answer.
      guard case .invalidRecord = error.code else { throw error }
      return nil
    }
  }

  /// Stores a record that was signed elsewhere. One that is not better than the one there is, is dropped: the name keeps
  /// pointing where it does.
  ///
  /// - Throws: `invalidRecord` for one that is not valid or not of the name; `noSpace`, `inputOutput`.
  public func put(_ bytes: [UInt8], of name: PeerID) async throws(NodeError) {
    let record = try IPNSRecord(bytes: bytes)
    try await offload { () throws(NodeError) in
      try record.validate(as: name, at: self.clock())
      try self.changing.withLock { _ throws(NodeError) in
        if let stored = try self.database.record(of: name), let other = try? IPNSRecord(bytes: stored),
          !record.isBetter(than: other)
        {
          return
        }
        try self.save(record, of: name)
      }
    }
  }

  /// Signs the record of a name anew when less than half of a lifetime is left of it, as what it was and with the same
  /// number, so that it does not expire while the node runs.
  ///
  /// - Parameters:
  ///   - key: The name's key pair.
  ///   - lifetime: How long the new one is valid, in nanoseconds.
  /// - Returns: Whether there was anything to do.
  /// - Throws: `corrupt`, `noSpace`, `inputOutput`.
  @discardableResult
  public func renew(
    _ key: PrivateKey, lifetime: Int64 = IPNSRecord.defaultLifetime * 1_000_000_000
  ) async throws(NodeError) -> Bool {
    try await offload { () throws(NodeError) in
      let name = key.peerID
      return try self.changing.withLock { _ throws(NodeError) in
        guard let bytes = try self.database.record(of: name), case let last = try IPNSRecord(bytes: bytes),
          let value = last.value, let sequence = last.sequence, let validity = last.validity
        else { return false }
        let now = self.clock()
        guard validity < now.adding(nanoseconds: lifetime / 2) else { return false }
        let record = try IPNSRecord(
          value: value, key: key, sequence: sequence, validity: now.adding(nanoseconds: lifetime),
          ttl: last.ttl ?? IPNSRecord.defaultTTL, hasVersion1: last.hasVersion1)
        try self.save(record, of: name)
        return true
      }
    }
  }
}

extension Timestamp {
  /// A point in time this many nanoseconds later.
  func adding(nanoseconds: Int64) -> Timestamp {
    let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    let sum = Int64(self.nanoseconds) + rest
    let carry: Int64 = sum < 0 ? -1 : sum >= 1_000_000_000 ? 1 : 0
    return Timestamp(
      seconds: self.seconds + seconds + carry, nanoseconds: UInt32(sum - carry * 1_000_000_000))
  }
}
