import IPFSNode
import NIOCore

/// The longest configuration that is taken, in bytes.
private let configurationLimit = 4 << 20

/// `config` and `config/*`.
let configCommands: [Command] = [
  Command(
    "config", [.string("key"), .string("value", required: false)],
    options: [.init(.bool, "bool"), .init(.bool, "json"), .init(.bool, "expand-auto")]
  ) { call in
    let key = call.arguments[0]
    try refuseSecrets(key)
    if let text = call.argument(1) {
      guard call.options.bool("expand-auto") != true else {
        throw RPCError("--expand-auto can only be used for reading config values, not for setting them")
      }
      try await set(key, to: text, call)
    }
    try await call.reply.value(["Key": .string(key), "Value": JSON(value(at: key, call))])
  },
  Command("config/show", options: [.init(.bool, "expand-auto")]) { call in
    // Whoever looks at it wants to see the identity.
    _ = try await call.node.identity()
    try await call.reply.value(JSON(withoutSecrets(call.node.configuration.contents())))
  },
  Command("config/replace", [.file("file")]) { call in
    _ = try await call.files.first()
    let bytes = try await call.files.readAll(limit: configurationLimit)
    guard let configuration = try? ConfigurationValue(json: bytes), case .object = configuration else {
      throw RPCError("failed to decode file as config")
    }
    if case .string(let key)? = configuration["Identity"]?["PrivKey"], !key.isEmpty {
      throw RPCError("setting private key with API is not supported")
    }
    _ = try await call.node.identity()
    try await call.node.configuration.replace(with: configuration)
  },
  Command("config/profile/apply", [.string("profile")], options: [.init(.bool, "dry-run")]) { call in
    let name = call.arguments[0]
    guard let profile = ConfigurationProfile(name: name) else { throw RPCError("\(name) is not a profile") }
    let old = try call.node.configuration.contents()
    var new = old
    if call.options.bool("dry-run") == true {
      try profile.apply(to: &new)
    } else {
      try await call.node.configuration.keepCopy("pre-\(name)-")
      new = try await call.node.configuration.change { configuration throws(NodeError) in
        try profile.apply(to: &configuration)
        return configuration
      }
    }
    try await call.reply.value(["OldCfg": JSON(withoutSecrets(old)), "NewCfg": JSON(withoutSecrets(new))])
  },
]

private func value(at key: String, _ call: Call) throws(RPCError) -> ConfigurationValue {
  do throws(NodeError) {
    return try call.node.configuration.value(at: key)
  } catch {
    throw RPCError("failed to get config value: \(quoted(error.message))")
  }
}

/// A text as Go quotes it.
private func quoted(_ text: String) -> String {
  var bytes: [UInt8] = []
  JSON.string(text).write(to: &bytes)
  return String(decoding: bytes, as: UTF8.self)
}

/// Refuses to show or change a private key, and the keys of services.
private func refuseSecrets(_ key: String) throws(RPCError) {
  let names = key.lowercased().split(separator: ".", omittingEmptySubsequences: false)
  guard names != ["identity"], names.prefix(2) != ["identity", "privkey"] else {
    throw RPCError("cannot show or change private key through API")
  }
  // Pinning.RemoteServices.*.API.Key, and all that it is in.
  let secret: [Substring?] = ["pinning", "remoteservices", nil, "api", "key"]
  if zip(names, secret).allSatisfy({ $1 == nil || $0 == $1 }) {
    throw RPCError("cannot show or change pinning services credentials")
  }
}

/// A configuration as it may be shown.
private func withoutSecrets(_ configuration: ConfigurationValue) -> ConfigurationValue {
  var shown = configuration
  shown["Identity"]?["PrivKey"] = nil
  shown["API"]?["Authorizations"] = nil
  if case .object(let services)? = shown["Pinning"]?["RemoteServices"] {
    for name in services.keys { shown["Pinning"]?["RemoteServices"]?[name]?["API"]?["Key"] = nil }
  }
  return shown
}

private func set(_ key: String, to text: String, _ call: Call) async throws {
  var value = ConfigurationValue.string(text)
  if call.options.bool("json") == true {
    do {
      value = try ConfigurationValue(json: Array(text.utf8))
    } catch {
      throw RPCError("failed to unmarshal json. \(text) is no JSON")
    }
  } else if call.options.bool("bool") == true {
    value = .bool(text == "true")
  }
  if key.lowercased() == "identity.peerid" {
    guard case .string(let name) = value, try await call.node.identity().peerID == (try? PeerID(name)) else {
      throw RPCError(
        "cannot set Identity.PeerID to a value that does not match the node's private key; "
          + "use 'ipfs key rotate' to change the node identity")
    }
    return
  }
  do throws(NodeError) {
    try await call.node.configuration.set(key, to: value)
  } catch {
    throw RPCError("failed to set config value: \(error) (maybe use --json?)")
  }
}

extension JSON {
  /// A value of a configuration; names in order.
  init(_ value: ConfigurationValue) {
    switch value {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .int(value)
    case .number(let value): self = .double(value)
    case .string(let value): self = .string(value)
    case .list(let values): self = .array(values.map(JSON.init))
    case .object(let entries):
      self = .object(
        entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, JSON($0.value)) })
    }
  }
}
