extension Client {
  /// Commands that may change with any version of the daemon.
  public struct Unstable: Sendable {
    let client: Client
  }

  /// Commands that may change with any version of the daemon.
  public var unstable: Unstable { Unstable(client: self) }
}
