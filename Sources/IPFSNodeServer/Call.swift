import Foundation
package import IPFSNode
package import Multiformats

/// A command that is being carried out: what it was called with, and where its reply goes.
package struct Call: Sendable {
  /// What all commands work with.
  package let services: Services
  /// The command.
  package let command: Command
  /// Its arguments: those of the query, in order.
  package let arguments: [String]
  /// Its options.
  package let options: Options
  /// The files that were sent along.
  package let files: RequestFiles
  /// Where the reply goes.
  package let reply: Reply
  /// Whether the node's owner calls: from this process, or over a socket that nobody else can use.
  package let isOwner: Bool

  /// The node that it works on.
  package var node: Node { services.node }

  /// An argument that need not be there.
  package func argument(_ index: Int) -> String? {
    index < arguments.count ? arguments[index] : nil
  }

  /// How CIDs are written in the reply: as option `cid-base` says.
  package func text(_ cid: CID) -> String {
    guard let base else { return cid.kuboText }
    guard cid.version == .v0 else { return cid.text(in: base) }
    guard options.bool("upgrade-cidv0-in-output") == true || base != .base58btc,
      let upgraded = try? CID(version: .v1, codec: cid.codec, multihash: cid.multihash)
    else { return cid.kuboText }
    return upgraded.text(in: base)
  }

  private var base: Multibase? { options.string("cid-base").flatMap { Multibase(name: $0) } }

  /// A CID as JSON.
  package func json(_ cid: CID) -> JSON { .string(text(cid)) }

  /// How long it may take, in seconds; nil for as long as it does.
  ///
  /// - Throws: A duration that is none.
  func timeout() throws(RPCError) -> Double? {
    guard let text = options.string("timeout"), !text.isEmpty else { return nil }
    guard let seconds = Duration.goSeconds(text) else { throw RPCError("time: invalid duration \"\(text)\"") }
    return seconds
  }

  /// Checks what was given against what the command takes.
  ///
  /// - Throws: `usage`.
  static func arguments(_ query: [RPCRequest.Pair], of command: Command) throws(RPCError) -> [String] {
    var given = query.filter { $0.name == "arg" }.map(\.value)
    let strings = command.arguments.filter { !$0.isFile }
    if strings.last?.isVariadic != true { given = Array(given.prefix(strings.count)) }
    return given
  }

  /// Checks that no argument is missing.
  ///
  /// - Throws: `usage`.
  func checkArguments() throws(RPCError) {
    for (index, argument) in command.arguments.filter({ !$0.isFile }).enumerated()
    where argument.isRequired && index >= arguments.count {
      throw RPCError("argument \"\(argument.name)\" is required", kind: .usage)
    }
    if let file = command.arguments.first(where: { $0.isFile && $0.isRequired }), !files.isThere {
      throw RPCError("file argument '\(file.name)' is required", kind: .usage)
    }
  }
}

extension Duration {
  /// The seconds of a duration as Go writes it (`1h2m3.5s`, `300ms`), or of a bare number; nil for what is none.
  package static func goSeconds(_ text: String) -> Double? {
    if let seconds = Double(text), seconds >= 0, seconds.isFinite { return seconds }
    let units: [(String, Double)] = [
      ("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600),
    ]
    var rest = text[...]
    var sum = 0.0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      guard let value = Double(number) else { return nil }
      rest = rest.dropFirst(number.count)
      let unit = rest.prefix { !$0.isNumber && $0 != "." }
      guard let factor = units.first(where: { $0.0 == unit })?.1 else { return nil }
      rest = rest.dropFirst(unit.count)
      sum += value * factor
    }
    return sum.isFinite ? sum : nil
  }
}
