import Foundation
import IPFSClient
import Multiformats
import RPCTestSupport
import Testing

extension ReplayCase {
  private static let later = "QmZKHxCn6wG6yYE17PP9a3z6byVohsrbRRrqTv7aZc1zy3"

  /// A `pin/ls` whose reply is one object of all pins.
  private static func ls(
    _ name: String, _ call: @escaping @Sendable (Client.Pin) -> ObjectStream<Client.Pin.Entry>,
    expect: @escaping @Sendable ([Client.Pin.Entry]) -> Void = { _ in }
  ) -> ReplayCase {
    .result(name) {
      try await call($0.pin).collect()
    } expect: { entries, exchange in
      expect(entries)
      let reply = try JSONSerialization.jsonObject(with: Data(exchange.response.body.bytes ?? []))
      let keys = try #require((reply as? [String: Any])?["Keys"] as? [String: [String: String]])
      #expect(entries.count == keys.count)
      for entry in entries {
        let type = entry.kind.rawValue + (entry.via.map { " through \($0)" } ?? "")
        #expect(keys[entry.cid.description] == ["Type": type, "Name": entry.name])
      }
    }
  }

  private static func add(
    _ name: String, _ path: String, recursive: Bool = true, as pinName: String? = nil
  ) -> ReplayCase {
    .value(name, at: ["Pins"]) { try await $0.pin.add(path, recursive: recursive, name: pinName) }
  }

  /// `pin/…`.
  static let pin: [ReplayCase] =
    [
      add("pin add direct", later, recursive: false),
      add("pin add recursive over direct", later),
      .fails("pin add direct over recursive") { try await $0.pin.add(later, recursive: false) },
      .result("pin add progress") {
        try await $0.pin.addWithProgress(Recorded.directory).collect()
      } expect: { events, _ in
        let cid = try CID(Recorded.directory)
        #expect(events == [.progress(blocks: 4, bytes: 159), .pinned([cid])])
      },
      add("pin add named", later, as: "later"),
      .fails("pin add missing", .notLocal) {
        try await $0.pin.add(Recorded.absent, offline: true, opts: ["timeout": "2s"])
      },
      .fails("pin update") { try await $0.pin.update(later, to: Recorded.big) },
      .fails("pin update not pinned") { try await $0.pin.update(later, to: CID(Recorded.big)) },
      .value("pin rm", at: ["Pins"]) { try await $0.pin.rm(Recorded.big) },
      .fails("pin rm not pinned", .notPinned) { try await $0.pin.rm(Recorded.big) },
      .fails("pin rm indirect", .notPinned) { try await $0.pin.rm("\(Recorded.directory)/a") },
      .fails("pin rm direct on recursive") { try await $0.pin.rm(Recorded.hello, recursive: false) },
      .values("pin verify") {
        $0.pin.verify()
      } expect: {
        #expect($0.isEmpty)
      },
      .values("pin verify verbose") {
        $0.pin.verify(verbose: true)
      } expect: {
        #expect(!$0.isEmpty && $0.allSatisfy { $0.isOK && $0.cid != nil })
      },
    ] + lists

  private static let lists: [ReplayCase] = [
    ls("pin ls", { $0.ls(stream: false) }) { entries in
      #expect(Set(entries.map(\.kind)) == [.indirect, .recursive])
    },
    ls("pin ls recursive", { $0.ls(type: .recursive, stream: false) }) { entries in
      #expect(entries.allSatisfy { $0.kind == .recursive })
    },
    .values("pin ls stream") {
      $0.pin.ls(type: .recursive)
    } expect: { entries in
      #expect(entries.count > 1 && entries.allSatisfy { $0.kind == .recursive && $0.name.isEmpty })
    },
    ls("pin ls quiet") { $0.ls(quiet: true, stream: false) },
    ls("pin ls names", { $0.ls(type: .recursive, names: true, stream: false) }) { entries in
      #expect(entries.contains { $0.name == "my pin" })
    },
    ls("pin ls one") { $0.ls(Recorded.hello, stream: false) },
    ls("pin ls indirect", { $0.ls("/ipfs/\(Recorded.directory)/sub/b", stream: false) }) { entries in
      #expect(entries.map(\.kind) == [.indirect])
      #expect(entries.first?.via?.description == "QmUNrg8mUyAfc8CDrbZaG2hVQLUrc3YZYV5i6fPiUP5vZR")
    },
    .fails("pin ls not pinned", .notPinned) { try await $0.pin.ls(Recorded.absent, stream: false).collect() },
    .fails("pin ls bad type") { try await $0.pin.ls(stream: false, opts: ["type": "nope"]).collect() },
    .fails("pin ls unpinned", .notPinned) { try await $0.pin.ls(later, stream: false).collect() },
    ls("pin ls direct") { $0.ls(later, type: .direct, stream: false) },
  ]
}
