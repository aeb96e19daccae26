{
  description = "A git credential helper for Heroku";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "aarch64-darwin" ];
      forEach = nixpkgs.lib.genAttrs systems;
    in
    {
      packages = forEach (system: {
        default = nixpkgs.legacyPackages.${system}.callPackage ./contrib/packages/nix/package.nix { };
      });
      overlays.default = final: _: {
        git-credential-heroku-rs = final.callPackage ./contrib/packages/nix/package.nix { };
      };
      checks = forEach (system: { inherit (self.packages.${system}) default; });
    };
}
