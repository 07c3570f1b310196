import IPFSClient
import Testing

extension ReplayCase {
  /// `repo/…`, and `refs`.
  static let repo: [ReplayCase] = [
    .value("repo stat") {
      try await $0.repo.stat()
    } expect: {
      #expect($0.numObjects == 143 && $0.storageMax == 10_000_000_000)
    },
    .value("repo stat size only") { try await $0.repo.stat(sizeOnly: true) },
    .result("repo version") {
      try await $0.repo.version()
    } expect: { version, _ in
      #expect(version == "18")
    },
    .values("repo gc") {
      $0.repo.gc()
    } expect: {
      #expect(!$0.isEmpty && $0.allSatisfy { $0.cid != nil && $0.error == nil })
    },
    .values("repo gc quiet") { $0.repo.gc(quiet: true) },
    .values("repo gc stream errors") { $0.repo.gc(streamErrors: true) },
    .values("repo verify") {
      $0.repo.verify()
    } expect: { events in
      #expect(events.dropLast().map(\.progress) == Array(1...43))
      #expect(events.last?.message == "verify complete, all blocks validated.")
    },
    .values("refs") {
      $0.unstable.refs(Recorded.directory)
    } expect: {
      #expect($0.count == 2 && $0.allSatisfy { $0.cid != nil })
    },
    .values("refs recursive") { $0.unstable.refs(Recorded.directory, unique: true, recursive: true) },
    .values("refs format") {
      $0.unstable.refs(Recorded.directory, format: "<src> -> <dst> = <linkname>")
    } expect: {
      #expect($0.first?.ref.hasSuffix(" = a") == true && $0.first?.cid == nil)
    },
    .values("refs local") { $0.unstable.refs.local() },
  ]
}
