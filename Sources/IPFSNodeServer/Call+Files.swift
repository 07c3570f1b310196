import Foundation
import IPFSNode
import Multiformats
import UnixFS

extension Call {
  /// The options that tell a CID's form.
  static let formOptions: [Command.Option] = [
    Command.Option(.int, "cid-version", "cid-ver"), Command.Option(.string, "hash"),
  ]

  /// Whether an argument names content by its CID or name, and not a path of the file tree.
  static func isContent(_ text: String) -> Bool {
    ["/ipfs/", "/ipns/", "/ipld/", "ipfs://", "ipns://"].contains { text.hasPrefix($0) && text.count > $0.count }
  }

  /// The path of content as it is without the scheme of an address.
  static func contentPath(_ text: String) -> String {
    for scheme in ["ipfs", "ipns"] where text.hasPrefix("\(scheme)://") {
      return "/\(scheme)/\(text.dropFirst(scheme.count + 3))"
    }
    return text
  }

  /// The form of CIDs that options `cid-version` and `hash` ask for; nil where neither is there.
  func formOption() throws(RPCError) -> (version: CID.Version, function: Multihash.Code)? {
    let number = options.integer("cid-version")
    let name = options.string("hash")
    guard number != nil || name != nil else { return nil }
    guard let version = UInt8(exactly: number ?? 0).flatMap(CID.Version.init(rawValue:)) else {
      throw RPCError("unknown CID version: \(number ?? 0)")
    }
    guard let name else { return (version, .sha2_256) }
    guard let function = Multihash.Code(name: name.lowercased()), function != .identity else {
      throw RPCError("unrecognized hash function: \"\(name)\"")
    }
    return (.v1, function)
  }

  /// What directories that are made have of their own.
  func directoryForm() throws(RPCError) -> DirectoryForm {
    guard let form = try formOption() else { return DirectoryForm() }
    let profile = node.profile
    let result = DirectoryForm(
      cidVersion: form.version == profile.cidVersion ? nil : form.version,
      hashFunction: form.function == profile.hashFunction ? nil : form.function)
    do { _ = try result.profile(over: profile) } catch { throw RPCError(error.message) }
    return result
  }

  /// How a new file is built.
  func fileProfile() throws(RPCError) -> ImportProfile {
    var options = ImportOptions()
    options.rawLeaves = self.options.bool("raw-leaves")
    if let form = try formOption() {
      options.cidVersion = form.version
      options.hashFunction = form.function
      // As with `add`: raw leaves come with version 1.
      options.rawLeaves = options.rawLeaves ?? (form.version == .v1)
    }
    do throws(UnixFSError) { return try options.profile(over: node.profile) } catch { throw RPCError(error.message) }
  }

  /// Permission bits in octal, as Go reads a number of 32 bits.
  static func mode(_ text: String) throws(RPCError) -> UInt16 {
    let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x37).contains($0) }) else {
      throw RPCError("strconv.ParseInt: parsing \"\(text)\": invalid syntax")
    }
    guard let mode = Int32(text, radix: 8) else {
      throw RPCError("strconv.ParseInt: parsing \"\(text)\": value out of range")
    }
    return UInt16(truncatingIfNeeded: mode & 0o777)
  }

  /// A time of seconds and nanoseconds, of which there may be more than a second has.
  static func time(seconds: Int64, nanoseconds: UInt64) -> Timestamp {
    let (sum, overflow) = seconds.addingReportingOverflow(Int64(nanoseconds / 1_000_000_000))
    return Timestamp(seconds: overflow ? .max : sum, nanoseconds: UInt32(nanoseconds % 1_000_000_000))
  }
}

extension RootStatus {
  /// What `files/stat` says.
  func json(_ call: Call, locality: (isComplete: Bool, bytes: UInt64)? = nil) -> JSON {
    var members: [(name: String, value: JSON)] = [
      ("Hash", call.json(cid)), ("Size", .uint(size)), ("CumulativeSize", .uint(cumulativeSize)),
      ("Blocks", .int(Int64(links))), ("Type", kind == .directory ? "directory" : "file"),
    ]
    if let locality {
      members.append(("WithLocality", true))
      if locality.isComplete { members.append(("Local", true)) }
      if locality.bytes > 0 { members.append(("SizeLocal", .uint(locality.bytes))) }
    }
    if let mtime {
      if mtime.seconds != 0 { members.append(("Mtime", .int(mtime.seconds))) }
      if mtime.nanoseconds > 0 { members.append(("MtimeNsecs", .int(Int64(mtime.nanoseconds)))) }
    }
    if let mode = goMode { members.append(("Mode", .string(mode))) }
    return .object(members)
  }

  /// The mode as Go writes it, in octal.
  private var goMode: String? {
    let permissions = mode ?? (kind == .symlink ? 0o777 : 0)
    guard permissions != 0 else { return nil }
    let text = String(
      UnixMode.go(permissions, directory: kind == .directory, symlink: kind == .symlink), radix: 8)
    return String(repeating: "0", count: max(0, 4 - text.count)) + text
  }
}
