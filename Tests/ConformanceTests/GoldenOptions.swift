import Foundation
import Multiformats
import Testing
import UnixFS

extension ImportProfile {
  /// The profile that options of `ipfs add` mean.
  ///
  /// `max-directory-links` and `max-hamt-fanout` have no effect there, as the golden data shows.
  init(options: [String: String]) throws {
    var read = ImportOptions()
    for (name, value) in options where ImportOptions.names.contains(name) { try read.set(name, to: value) }
    // Kubo turns raw leaves on with CIDv1, which comes with any other hash function.
    read.rawLeaves = read.rawLeaves ?? (read.cidVersion == .v1 || read.hashFunction != nil)
    self = try read.profile(over: .kuboDefault)
  }
}

extension UnixFSMetadata {
  /// The metadata that options of `ipfs add` ask for; nil for none.
  init?(options: [String: String]) throws {
    self.init()
    mode = try options["mode"].map { try #require(UInt32($0, radix: 8)) }
    if let seconds = try options["mtime"].map({ try #require(Int64($0)) }) {
      mtime = Timestamp(seconds: seconds, nanoseconds: try #require(UInt32(options["mtime-nsecs"] ?? "0")))
    }
    if self == UnixFSMetadata() { return nil }
  }
}
