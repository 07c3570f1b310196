# Builds the programs as users get them: with Swift's own libraries in them. Sourced by the other scripts, which are at
# the checkout's root by then.

products=(mount.swipfs swipfs)

# What the compiler and the package manager keep for themselves stays in the checkout, too.
build() {
  XDG_CACHE_HOME="$PWD/.build/cache" XDG_DATA_HOME="$PWD/.build/share" swift build -c release "$@"
}

build_products() {
  local product
  for product in "${products[@]}"; do
    build --static-swift-stdlib -Xlinker -s --product "$product"
  done
}
