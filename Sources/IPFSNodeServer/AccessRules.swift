import Foundation

/// Which requests are let in: the protection against web pages, and the secrets of those who may.
///
/// A page in a browser can send requests to this machine; browsers say where such a page came from, and programs say
/// nothing. So a request with an origin is only let in if that origin is allowed, or if it is the node's own address.
package struct AccessRules: Sendable {
  /// A secret and what it opens (Kubo's `API.Authorizations`).
  package struct Authorization: Sendable {
    /// The value that the header `Authorization` must have.
    package var header: String
    /// The beginnings of the paths, with `/api/v0`, that it may use.
    package var allowedPaths: [String]

    /// Makes one.
    package init(header: String, allowedPaths: [String]) {
      self.header = header
      self.allowedPaths = allowedPaths
    }

    /// Reads a secret as Kubo's configuration writes it: `bearer:TOKEN`, `basic:USER:PASSWORD` or `basic:BASE64`.
    ///
    /// - Returns: nil for another form.
    package init?(secret: String, allowedPaths: [String]) {
      let parts = secret.split(separator: ":", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { return nil }
      switch parts[0] {
      case "bearer": header = "Bearer \(parts[1])"
      case "basic":
        let value = parts[1].contains(":") ? Data(parts[1].utf8).base64EncodedString() : parts[1]
        header = "Basic \(value)"
      default: return nil
      }
      self.allowedPaths = allowedPaths
    }

    func allows(_ request: RPCRequest) -> Bool {
      guard Self.isSame(request.header("Authorization") ?? "", header) else { return false }
      let path = "/api/v0/\(request.command)"
      return allowedPaths.contains { allowed in
        path == allowed || path.hasPrefix(allowed.hasSuffix("/") ? allowed : allowed + "/")
      }
    }

    /// Compares in a time that tells nothing of where they differ.
    private static func isSame(_ first: String, _ second: String) -> Bool {
      let (first, second) = (Array(first.utf8), Array(second.utf8))
      guard first.count == second.count else { return false }
      return zip(first, second).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
  }

  /// Origins whose pages may call (Kubo's `API.HTTPHeaders.Access-Control-Allow-Origin`); `*` is any.
  package var allowedOrigins: [String] = []
  /// Secrets; where there are any, a request needs one.
  package var authorizations: [Authorization] = []
  /// Names of this machine by which it may be called beside addresses and `localhost`.
  package var hosts: Set<String> = []

  /// Rules that let in every program, and no page.
  package init() {}

  /// Checks a request.
  ///
  /// - Throws: `forbidden`.
  func check(_ request: RPCRequest) throws(RPCError) {
    guard isFromProgram(request) else { throw .forbidden }
    guard isOwnHost(request.header("Host") ?? "") else { throw .forbidden }
    // Browsers send no secret with their question.
    if request.method == "OPTIONS", request.header("Origin") != nil { return }
    guard authorizations.isEmpty || authorizations.contains(where: { $0.allows(request) }) else { throw .forbidden }
  }

  /// What a browser has to be told so that the page may read the reply.
  func headers(for request: RPCRequest) -> [RPCRequest.Pair] {
    guard let origin = request.header("Origin"), allowedOrigins.contains("*") || allowedOrigins.contains(origin)
    else { return [] }
    return [(name: "Access-Control-Allow-Origin", value: origin)]
  }

  private func isFromProgram(_ request: RPCRequest) -> Bool {
    let origin = request.header("Origin")
    let referer = request.header("Referer")
    if origin == nil, referer == nil {
      // Browsers say where they come from, or have something to hide.
      return request.header("User-Agent")?.hasPrefix("Mozilla") != true
    }
    if let origin, !isAllowed(origin, request) { return false }
    if let referer {
      guard let url = URL(string: referer), let scheme = url.scheme, let host = url.host() else { return false }
      let port = url.port.map { ":\($0)" } ?? ""
      if !isAllowed("\(scheme)://\(host)\(port)", request) { return false }
    }
    return true
  }

  private func isAllowed(_ origin: String, _ request: RPCRequest) -> Bool {
    if allowedOrigins.contains("*") || allowedOrigins.contains(origin) { return true }
    // A page of the node itself.
    guard let host = request.header("Host"), isOwnHost(host) else { return false }
    return origin == "http://\(host)" || origin == "https://\(host)"
  }

  /// Whether a host can only mean this machine. A page whose name was made to point here (DNS rebinding) still sends
  /// its own name.
  private func isOwnHost(_ host: String) -> Bool {
    var name = host
    if host.hasPrefix("[") {
      name = String(host.dropFirst().prefix { $0 != "]" })
    } else if let colon = host.lastIndex(of: ":") {
      name = String(host[..<colon])
    }
    if name.isEmpty || name == "localhost" || hosts.contains(name) { return true }
    var address4 = in_addr()
    var address6 = in6_addr()
    return inet_pton(AF_INET, name, &address4) == 1 || inet_pton(AF_INET6, name, &address6) == 1
  }
}
