import IPFSClient
import IPFSMount
import Multiformats

/// The daemon that everything is moved to. Its errors say that they are its.
struct MigrationTarget: Sendable {
  /// The way to it.
  let client: Client
  private let place: NodePlace

  /// How long a pin may be without finding another block, in seconds: a daemon that lacks one looks for it for ever.
  private static let patience = 60.0

  init(_ connection: NodeConnection) {
    client = connection.client
    place = connection.place
  }

  /// Runs `body`, with errors of the daemon told from those of the node that is left.
  func ask<Result>(_ body: (Client) async throws -> Result) async throws -> Result {
    do {
      return try await body(client)
    } catch {
      throw CommandError.make(of: error, at: place)
    }
  }

  /// Whether the daemon has a block.
  func has(_ cid: CID) async throws -> Bool {
    try await ask { client in
      do {
        _ = try await client.block.stat(cid, offline: true)
        return true
      } catch let error as ClientError where error.reason == .notLocal || error.reason == .notFound {
        return false
      }
    }
  }

  /// Stores the blocks of an archive.
  ///
  /// - Parameter count: How many there are.
  func store(_ archive: [UInt8], count: UInt64) async throws {
    try await ask { client in
      // A root that is pinned there keeps its pin as it is only if no roots are pinned by this.
      let events = client.dag.import([.bytes(archive)], pinRoots: false, stats: true, allowBigBlock: true)
      for try await event in events {
        guard case .stats(let blocks, _) = event, blocks != count else { continue }
        throw CommandError(.data, "the daemon took \(blocks) blocks of \(count): call this again")
      }
    }
  }

  /// Pins what the daemon has.
  ///
  /// - Returns: Whether it has all that the pin needs.
  func pin(_ pin: Client.Pin.Entry) async throws -> Bool {
    try await ask { client in
      var seen = -1
      var since = ContinuousClock.now
      do {
        let events = client.pin.addWithProgress(
          pin.cid, recursive: pin.kind == .recursive, name: pin.name.isEmpty ? nil : pin.name, offline: true)
        for try await event in events {
          guard case .progress(let blocks, _) = event else { continue }
          if blocks != seen {
            seen = blocks
            since = .now
          } else if ContinuousClock.now - since > .seconds(Self.patience) {
            return false
          }
        }
        return true
      } catch let error as ClientError where error.reason == .notLocal || error.reason == .notFound {
        return false
      }
    }
  }

  /// The pins of the daemon that are not indirect.
  func pins() async throws -> [CID: Client.Pin.Entry] {
    try await ask { client in
      var found: [CID: Client.Pin.Entry] = [:]
      for kind in [Client.Pin.Kind.recursive, .direct] {
        for try await pin in client.pin.ls(type: kind, names: true) { found[pin.cid] = pin }
      }
      return found
    }
  }

  /// What is at a path of the daemon's tree; nil if nothing is.
  func file(at path: String, withLocal: Bool = false) async throws -> Client.Files.Stat? {
    try await ask { client in
      do {
        return try await client.files.stat(path, withLocal: withLocal, offline: true)
      } catch let error as ClientError where error.reason == .notFound {
        return nil
      }
    }
  }

  /// Links what the daemon has at a path of its tree.
  func link(_ cid: CID, at path: String) async throws {
    do {
      try await client.files.cp(cid, to: path, offline: true)
    } catch {
      // Kubo refuses a symbolic link, and has it afterwards all the same.
      guard let there = try await file(at: path), there.cid == cid else {
        throw CommandError.make(of: error, at: place)
      }
    }
  }
}
