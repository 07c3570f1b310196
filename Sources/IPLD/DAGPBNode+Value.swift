extension DAGPBNode {
  fileprivate enum Key {
    static let data = "Data"
    static let links = "Links"
    static let hash = "Hash"
    static let name = "Name"
    static let tsize = "Tsize"
  }

  /// The node in the data model: `{"Data": bytes, "Links": [{"Hash": link, "Name": text, "Tsize": number}]}`.
  ///
  /// See <https://ipld.io/specs/codecs/dag-pb/spec/#logical-format>.
  ///
  /// - Throws: `invalidText` for a name that is not UTF-8.
  public var value: IPLDValue {
    get throws(IPLDError) {
      var entries: [IPLDMap.Entry] = []
      if let data { entries.append(.init(key: Key.data, value: .bytes(data))) }
      var values: [IPLDValue] = []
      for link in links {
        guard let name = String(validating: link.name, as: UTF8.self) else {
          throw IPLDError(.invalidText, "a link's name is not UTF-8")
        }
        values.append(
          .map(
            try IPLDMap([
              .init(key: Key.hash, value: .link(link.cid)), .init(key: Key.name, value: .string(name)),
              .init(key: Key.tsize, value: .integer(Int128(link.tsize))),
            ])))
      }
      entries.append(.init(key: Key.links, value: .list(values)))
      return .map(try IPLDMap(entries))
    }
  }

  /// The node of a value in the form of ``value``; a link may lack name and size.
  ///
  /// - Throws: `unknownField`, `missingField` or `invalidSyntax` for a value of another form.
  public init(_ value: IPLDValue) throws(IPLDError) {
    guard case .map(let map) = value else { throw IPLDError(.invalidSyntax, "a dag-pb node is a map") }
    var links: [Link]?
    var data: [UInt8]?
    for entry in map.entries {
      switch (entry.key, entry.value) {
      case (Key.data, .bytes(let bytes)): data = bytes
      case (Key.links, .list(let values)):
        var list: [Link] = []
        for value in values { list.append(try Link(value)) }
        links = list
      default: throw Self.misfit(entry)
      }
    }
    guard let links else { throw IPLDError(.missingField, "a dag-pb node without Links") }
    self.init(links: links, data: data)
  }

  fileprivate static func misfit(_ entry: IPLDMap.Entry) -> IPLDError {
    [Key.data, Key.links, Key.hash, Key.name, Key.tsize].contains(entry.key)
      ? IPLDError(.invalidSyntax, "\(entry.key) of a dag-pb node is of another kind")
      : IPLDError(.unknownField, "dag-pb node with \"\(entry.key.prefix(64))\"")
  }
}

extension DAGPBNode.Link {
  fileprivate init(_ value: IPLDValue) throws(IPLDError) {
    guard case .map(let map) = value else { throw IPLDError(.invalidSyntax, "a link of a dag-pb node is a map") }
    guard case .link(let cid)? = map[DAGPBNode.Key.hash] else {
      throw IPLDError(.missingField, "a link of a dag-pb node without Hash")
    }
    self.init(cid: cid, tsize: 0)
    for entry in map.entries {
      switch (entry.key, entry.value) {
      case (DAGPBNode.Key.hash, .link): break
      case (DAGPBNode.Key.name, .string(let text)): name = Array(text.utf8)
      case (DAGPBNode.Key.tsize, .integer(let number)) where 0...Int128(UInt64.max) ~= number:
        tsize = UInt64(number)
      default: throw DAGPBNode.misfit(entry)
      }
    }
  }
}
